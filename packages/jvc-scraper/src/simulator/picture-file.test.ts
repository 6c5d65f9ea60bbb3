import { expect, test } from 'vitest'
import { stickers } from './lexicon.js'
import { pictureAt } from './picture-file.js'
import { Random } from './random.js'

test('every sticker of the forum has a picture, and the same one each time', () => {
  const paths = stickers(new Random(7)).map((address) => new URL(address).pathname)
  const pictures = paths.map(pictureAt)
  expect(pictures.filter((picture) => picture === undefined)).toEqual([])
  expect(paths.map(pictureAt)).toEqual(pictures)
  expect(new Set(pictures).size).toBe(new Set(paths).size)
})

test.each([
  '/',
  '/fichiers/',
  '/fichiers/2019/12/3/x.png',
  '/fichiers/2019/12/3/1-<a>.png',
  '/fichiers/2019/1/1-a.svg',
])('%s is no picture', (path) => expect(pictureAt(path)).toBeUndefined())
