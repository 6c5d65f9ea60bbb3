import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { expect, test } from 'vitest'

/** A process whose stop never ends; says when it listens and what it is asked. */
const stuck = `
onShutdownSignals((signal) => console.log(signal))
setInterval(() => {}, 1000)
console.log('ready')`

test.each([
  { first: 'SIGINT', second: 'SIGINT', code: 130 },
  { first: 'SIGTERM', second: 'SIGTERM', code: 143 },
  { first: 'SIGTERM', second: 'SIGINT', code: 130 },
  { first: 'SIGINT', second: 'SIGTERM', code: 143 },
] as const)('$first asks to stop, $second after it ends with $code', async ({ first, second, code }) => {
  const source = await readFile(new URL('./shutdown-signals.ts', import.meta.url), 'utf8')
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  })
  const child = spawn(process.execPath, ['--input-type=module', '-e', outputText + stuck], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const exit = once(child, 'exit')
    const said: string[] = []
    for await (const line of createInterface(child.stdout)) {
      said.push(line)
      if (said.length > 2) break
      child.kill(line === 'ready' ? first : second)
    }
    expect(said).toEqual(['ready', first])
    expect(await exit).toEqual([code, null])
  } finally {
    child.kill('SIGKILL')
  }
})
