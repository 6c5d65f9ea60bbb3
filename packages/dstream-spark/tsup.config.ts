import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const common = {
  format: 'esm' as const,
  target: 'node20.19' as const,
  platform: 'node' as const,
  define: { VERSION: JSON.stringify(version) },
}

export default defineConfig([
  {
    ...common,
    entry: { cli: 'src/cli.ts', 'find-spark': 'src/submit/find-spark.ts' },
    dts: { entry: { 'find-spark': 'src/submit/find-spark.ts' } },
    onSuccess: async () => {
      copyFileSync('jvm/log4j2.properties', 'dist/log4j2.properties')
      if (existsSync('jvm/target/dstream-spark.jar'))
        copyFileSync('jvm/target/dstream-spark.jar', 'dist/dstream-spark.jar')
    },
  },
  // An executor has one file and no packages, and so has a driver that Spark starts.
  {
    ...common,
    entry: { 'dstream-worker': 'src/worker.ts', 'dstream-driver': 'src/driver.ts' },
    outExtension: () => ({ js: '.mjs' }),
    noExternal: [/./],
    splitting: false,
  },
])
