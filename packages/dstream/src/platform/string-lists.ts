import type * as V8 from 'node:v8'
import type { StringLists } from '../base/string-lists.js'

function v8(): typeof V8 {
  return process.getBuiltinModule('node:v8')
}

/** The lists of strings of V8's own serialization, which both sides have where their Node is one. */
export const stringLists: StringLists = {
  firstByte: 0xff,
  encode: (strings) => v8().serialize(strings),
  decode: (bytes) => v8().deserialize(bytes) as string[],
}
