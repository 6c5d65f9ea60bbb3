import { expect, test } from 'vitest'
import { loadPackage } from './optional-package.js'

function failure(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}
const install = new Error('run: npm install pg')

test.each([
  ['in an ES module', failure("Cannot find package 'pg' imported from /job/node_modules/x.js", 'ERR_MODULE_NOT_FOUND')],
  ['in CommonJS', failure("Cannot find module 'pg'\nRequire stack:\n- /job/x.js", 'MODULE_NOT_FOUND')],
  ['by a part of it', failure("Cannot find module 'pg/lib/sync'\nRequire stack:", 'MODULE_NOT_FOUND')],
])('a package that is missing, %s: the error that says how to install it, with the cause', async (_, error) => {
  const causes: unknown[] = []
  const loading = loadPackage(
    'pg',
    () => Promise.reject(error),
    (cause) => (causes.push(cause), install),
  )
  await expect(loading).rejects.toBe(install)
  expect(causes).toEqual([error])
})

test.each([
  ['lacks one of its own', failure("Cannot find package 'pg-types' imported from /job/node_modules/pg/index.js", 'ERR_MODULE_NOT_FOUND')], // prettier-ignore
  ['throws when it is loaded', failure("Cannot find package 'pg'")],
])('a package that %s: its own error', async (_, error) => {
  await expect(
    loadPackage(
      'pg',
      () => Promise.reject(error),
      () => install,
    ),
  ).rejects.toBe(error)
})

test('a package that is there', async () => {
  const found = {}
  await expect(loadPackage('pg', () => Promise.resolve(found), failure as never)).resolves.toBe(found)
})
