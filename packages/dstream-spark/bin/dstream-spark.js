#!/usr/bin/env node
import { existsSync } from 'node:fs'

const built = new URL('../dist/cli.js', import.meta.url)
if (existsSync(built)) {
  await import(built.href)
} else {
  console.error('dstream-spark is not built yet: run "npm run build" in the root of the project, then try again.')
  process.exitCode = 1
}
