import { expect, test } from 'vitest'
import type { OutputHost, OutputNode } from '../../streams/graph/output.js'
import { OpenOutputs } from './open-outputs.js'

const host: Omit<OutputHost, 'output'> = { job: 'job', wrapStorage: (storage) => storage }
const oops = new Error('oops')
/** An output that records its calls; `fails` names the methods that throw, `without` those that are missing. */
function noting(noted: string[], name: string, { fails = '', without = '' } = {}): OutputNode {
  const step = (what: string) => async () => {
    noted.push(`${what} ${name}`)
    if (what === fails) throw oops
  }
  return {
    ...(without === 'open' ? {} : { open: step('open') }),
    ...(without === 'close' ? {} : { close: step('close') }),
    id: name,
  } as OutputNode
}

test.each<[string, object[], string[]]>([
  ['all are opened and closed', [{}, { without: 'open' }, { without: 'close' }], ['open 0', 'open 2', 'close 0', 'close 1']], // prettier-ignore
  ['what is not opened is not closed, but for what needs no opening', [{}, { fails: 'open' }, {}, { without: 'open' }], ['open 0', 'open 1', 'close 0', 'close 3']], // prettier-ignore
  ['one that cannot be closed keeps no other from it', [{}, { fails: 'close' }, {}], ['open 0', 'open 1', 'open 2', 'close 0', 'close 1', 'close 2']], // prettier-ignore
])('%s', async (_, kinds, wanted) => {
  const noted: string[] = []
  const outputs = new OpenOutputs(kinds.map((kind, i) => noting(noted, String(i), kind)))
  const failures: unknown[] = []
  await outputs.open(host).catch((error: unknown) => failures.push(error))
  await outputs.close().catch((error: unknown) => failures.push(error))
  expect(noted).toEqual(wanted)
  expect(failures).toEqual(kinds.some((kind) => 'fails' in kind) ? [oops] : [])
})

test('nothing is closed twice', async () => {
  const noted: string[] = []
  const outputs = new OpenOutputs([noting(noted, '0')])
  await outputs.open(host)
  await outputs.close()
  await outputs.close()
  expect(noted).toEqual(['open 0', 'close 0'])
})
