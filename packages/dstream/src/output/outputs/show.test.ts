import { describe, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { showSpec, type ShowOptions } from './show.js'

function shown(options: ShowOptions<any>, ...records: unknown[]) {
  const spec = showSpec<any>('panel', options)
  const columns = spec.columns(records)
  return { columns, rows: records.map((record) => spec.row(record, columns)) }
}

describe('what a panel shows of a record', () => {
  test.each<[ShowOptions<any>, unknown, readonly (string | number)[]]>([
    [{ as: 'bars' }, ['a', 1], ['a', 1]],
    [{ as: 'bars' }, [['a', 'b'], 1], ['(a,b)', 1]],
    [{ as: 'bars', key: 'name', value: 'n' }, { name: 'a', n: 2 }, ['a', 2]],
    [{ as: 'bars', key: ([k]) => `${k}!`, value: ([, v]) => v * 2 }, ['a', 3], ['a!', 6]],
    [{ as: 'bars' }, ['a', 10n], ['a', '10']],
    [{ as: 'bars' }, ['a', NaN], ['a', 'NaN']],
    [{ as: 'bars', value: 'gone' }, { n: 1 }, ['', '']],
    [{ as: 'line' }, 7, ['', 7]],
    [{ as: 'line' }, ['x', 7], ['x', 7]],
    [{ as: 'number' }, 12, ['', 12]],
    [{ as: 'log' }, 'a line', ['a line']],
    [{ as: 'log' }, { a: 1 }, ['{"a":1}']],
    [{ as: 'pictures' }, ['https://a.example/b.png', 4], ['https://a.example/b.png', 4]],
    [{ key: '0', value: '1' }, ['a', 1], ['a', 1]],
  ])('%o of %o', (options, record, cells) => {
    expect(shown(options, record).rows[0]!.cells).toEqual(cells)
  })

  test.each<[unknown[], string[], unknown[][]]>([
    [
      [
        { a: 1, b: 'x' },
        { b: 'y', c: 2 },
      ],
      ['a', 'b'],
      [
        [1, 'x'],
        ['', 'y'],
      ],
    ],
    [[['a', 1]], ['key', 'value'], [['a', 1]]],
    [['a', 'b'], ['value'], [['a'], ['b']]],
    [[[1, 2, 3]], ['0', '1', '2'], [[1, 2, 3]]],
    [[], ['value'], []],
  ])('the columns of a table of %j', (records, columns, cells) => {
    const table = shown({}, ...records)
    expect(table.columns).toEqual(columns)
    expect(table.rows.map((row) => row.cells)).toEqual(cells)
  })

  test.each([
    ['https://a.example/b', 'https://a.example/b'],
    ['javascript:alert(1)', undefined],
    ['data:text/html,x', undefined],
    [' java\nscript:alert(1)', undefined],
    ['/relative', undefined],
    [5, undefined],
  ])('the address %j becomes the link %j', (href, link) => {
    expect(shown({ href: () => href }, 'a').rows[0]!.href).toBe(link)
  })

  test('a long text is cut off', () => {
    expect(String(shown({ as: 'log' }, 'x'.repeat(9000)).rows[0]!.cells[0])).toHaveLength(501)
  })
})

test.each<[string, unknown, string]>([
  ['x', { as: 'pie' }, 'bad-option'],
  ['', {}, 'bad-option'],
  ['x', { limit: 0 }, 'bad-option'],
  ['x', { key: 5 }, 'bad-option'],
  ['x', { unit: '' }, 'bad-option'],
  ['x', { unt: 'ms' }, 'unknown-option'],
])('show(%j, %j) is refused', (name, options, code) => {
  const lines = new TestContext({ batchInterval: Seconds(1) }).input([['a']])
  let error: unknown
  try {
    lines.show(name, options as never)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code })
})

test('no more records are evaluated than are shown', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  let evaluated = 0
  t.input([Array.from({ length: 1000 }, (_, i) => i)])
    .map((n) => {
      evaluated++
      return n
    })
    .show('Some', { limit: 5 })
  await t.run()
  expect(evaluated).toBeLessThan(50)
})
