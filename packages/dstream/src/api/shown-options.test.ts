import { expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { shownOptions } from './shown-options.js'

class Store {
  readonly secret = 'hidden'
}

test.each<[object, Record<string, string>]>([
  [
    { batchInterval: Seconds(2), appName: 'words' },
    { batchInterval: '2000 ms', appName: 'words' },
  ],
  [{ ui: { port: 4040, auth: { token: 'hidden' } } }, { ui: '{"port":4040,"auth":"******"}' }],
  [
    { apiKey: 'hidden', password: 'hidden' },
    { apiKey: '******', password: '******' },
  ],
  [{ checkpointDir: 'redis://me:hidden@host/1' }, { checkpointDir: 'redis://******@host/1' }],
  [{ storage: new Store() }, { storage: 'a Store' }],
  [{ ui: { registry: new Store() } }, { ui: '{"registry":"a Store"}' }],
  [{ onFailure: () => 'skip' }, { onFailure: 'a function' }],
  [{ retry: { backoff: Seconds(1) } }, { retry: '{"backoff":"1000 ms"}' }],
  [{ maxRate: undefined, backpressure: false }, { backpressure: 'false' }],
])('%o', (options, text) => {
  expect(shownOptions(options)).toEqual(text)
  expect(JSON.stringify(shownOptions(options))).not.toContain('hidden')
})
