import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Storage } from '../src/storage.js'

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}

/** What each storage has to do. @param create resolves to an empty storage */
export function storageContract(create: () => Promise<Storage>): void {
  test('append makes a file and adds to it, in order of the calls', async () => {
    const storage = await create()
    await Promise.all(Array.from({ length: 50 }, (_, i) => storage.append('a/log', bytes(i))))
    await storage.append('a/log', bytes(99))
    expect([...(await storage.read('a/log'))!]).toEqual([...Array.from({ length: 50 }, (_, i) => i), 99])
  })

  test('put replaces, also what is appended to, and append goes on from there', async () => {
    const storage = await create()
    await storage.append('f', bytes(1))
    await storage.put('f', bytes(2, 3))
    await storage.append('f', bytes(4))
    await storage.put('g/h/i', bytes(5))
    expect(await storage.read('f')).toEqual(bytes(2, 3, 4))
    expect(await storage.read('g/h/i')).toEqual(bytes(5))
  })

  test('puts of one file come one after the other', async () => {
    const storage = await create()
    await Promise.all([
      storage.put('f', bytes(1)),
      storage.put('f', bytes(2)),
      storage.delete('f'),
      storage.put('f', bytes(3)),
    ])
    expect(await storage.read('f')).toEqual(bytes(3))
  })

  test('what is not there', async () => {
    const storage = await create()
    expect(await storage.read('x')).toBeUndefined()
    expect(await storage.read('x/y')).toBeUndefined()
    expect(await storage.list('')).toEqual([])
    await storage.delete('x')
  })

  test('list gives names by prefix, in order, without temporary files', async () => {
    const storage = await create()
    for (const name of ['b/2', 'b/10', 'a', 'bc', 'b/c/d']) await storage.put(name, bytes())
    expect(await storage.list('')).toEqual(['a', 'b/10', 'b/2', 'b/c/d', 'bc'])
    expect(await storage.list('b')).toEqual(['b/10', 'b/2', 'b/c/d', 'bc'])
    expect(await storage.list('b/')).toEqual(['b/10', 'b/2', 'b/c/d'])
    expect(await storage.list('b/c/')).toEqual(['b/c/d'])
    await storage.delete('b/2')
    expect(await storage.list('b/')).toEqual(['b/10', 'b/c/d'])
  })

  test('appending nothing makes the file', async () => {
    const storage = await create()
    await storage.append('f', bytes())
    expect(await storage.read('f')).toEqual(bytes())
  })

  test('what is read is a copy', async () => {
    const storage = await create()
    await storage.put('f', bytes(1))
    ;(await storage.read('f'))!.fill(9)
    expect(await storage.read('f')).toEqual(bytes(1))
  })

  test('names that lead elsewhere are refused', async () => {
    const storage = await create()
    for (const name of [
      '',
      '/a',
      '../a',
      'a/../b',
      'a//b',
      'a/',
      '.a',
      'a\\b',
      'lock',
      'lock.000001',
      'a.dstream-tmp',
      'a\0',
    ]) {
      for (const call of [
        () => storage.put(name, bytes()),
        () => storage.append(name, bytes()),
        () => storage.read(name),
      ]) {
        await expect(call(), name).rejects.toMatchObject({ code: 'bad-file-name' })
      }
    }
  })

  test('the lock is held by one, and can be taken again when it is given back', async () => {
    const storage = await create()
    const release = await storage.lock()
    await expect(storage.lock()).rejects.toMatchObject({ code: 'storage-locked' })
    await storage.append('f', bytes(1))
    await release()
    const again = await storage.lock()
    await storage.append('f', bytes(2))
    await again()
    expect(await storage.read('f')).toEqual(bytes(1, 2))
  })

  test('behaves like a table of byte strings', async () => {
    const name = fc.constantFrom('a', 'b/c', 'b/d')
    const content = fc.uint8Array({ maxLength: 10 })
    const op = fc.oneof(
      fc.record({ op: fc.constantFrom('append' as const, 'put' as const), name, content }),
      fc.record({ op: fc.constant('delete' as const), name }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(op, { maxLength: 12 }), async (ops) => {
        const storage = await create()
        const model = new Map<string, number[]>()
        for (const each of ops) {
          if (each.op === 'delete') {
            await storage.delete(each.name)
            model.delete(each.name)
          } else {
            await storage[each.op](each.name, each.content)
            model.set(each.name, [...(each.op === 'append' ? (model.get(each.name) ?? []) : []), ...each.content])
          }
        }
        expect(await storage.list('')).toEqual([...model.keys()].sort())
        for (const [file, expected] of model) expect([...(await storage.read(file))!]).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })
}
