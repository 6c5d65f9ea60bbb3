import { describe, expect, test } from 'vitest'
import { codeMayBeGenerated } from '../../plan/code-generation.js'
import { Evaluation } from '../../plan/evaluation.js'
import { compiledLoop } from './cache.js'
import type { Shape } from './source.js'
import { runtimeOf } from '../../plan/runtime.js'

const shape: Shape = { input: 'array', ops: ['map'], sink: 'count', safe: false }
function anew(k: number) {
  return (n: number) => n + k
}

test('loops are generated where they may be', () => {
  expect(new Evaluation(runtimeOf(undefined)).fused).toBe(codeMayBeGenerated())
  expect(new Evaluation(runtimeOf({ codegen: false })).fused).toBe(false)
})

function compiled() {
  test('are found again by the texts of their functions', () => {
    const loop = compiledLoop(shape, [anew(1)])
    expect(compiledLoop(shape, [anew(2)])).toBe(loop)
    expect(compiledLoop(shape, [(n: number) => n - 1])).not.toBe(loop)
    expect(compiledLoop({ ...shape, sink: 'collect' }, [anew(1)])).not.toBe(loop)
    expect(compiledLoop({ ...shape, safe: true }, [anew(1)])).not.toBe(loop)
  })

  test('hold functions that come again and again', () => {
    const stays = (n: number): number => n * 2
    for (let use = 0; use < 7; use++) expect(compiledLoop(shape, [stays]).bound).toBe(false)
    const bound = compiledLoop(shape, [stays])
    expect(bound.bound).toBe(true)
    expect(compiledLoop(shape, [stays])).toBe(bound)
    expect(compiledLoop(shape, [(n: number): number => n * 2]).bound).toBe(false)
  })

  test('are forgotten when others are used', () => {
    const loop = compiledLoop(shape, [anew(1)])
    for (let i = 0; i < 600; i++) compiledLoop(shape, [new Function('n', `return n + ${i}`) as never])
    expect(compiledLoop(shape, [anew(1)])).not.toBe(loop)
  })
}

// Elsewhere there is nothing to test: no loop is ever compiled.
if (codeMayBeGenerated()) describe('compiled loops', compiled)
