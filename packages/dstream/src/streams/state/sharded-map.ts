import { canonicalOf } from '../../base/keys/intern.js'
import type { MapKey } from '../../base/keys/key.js'
import { KeyMap } from './key-map.js'

const SPLIT_AT = 1 << 17
const SHARDS = 256
/** How many entries every operation moves while a table is split. */
const MOVED_AT_ONCE = 16

/**
 * A Map that may grow without stopping the thread: a Map of millions takes seconds to rehash and ends at 16.7
 * million entries, so a large one is kept as many. It is split little by little, because moving so many entries at once
 * would stop the thread too. Not sooner than a Map hurts: searching in one of many takes up to half as long again. Keys
 * must have gone through `keyOf`; values are not undefined.
 */
export class ShardedMap<V> {
  #maps: KeyMap<V>[] = [new KeyMap()]
  /** The one of before, while it is split: an entry is still here or in its place already. */
  #leaving: KeyMap<V> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: MapKey): V | undefined {
    if (this.#leaving !== undefined) this.#move()
    return this.#mapOf(key).get(key) ?? this.#leaving?.get(key)
  }

  set(key: MapKey, value: V): void {
    if (this.#leaving !== undefined) this.#move()
    if (this.#leaving?.delete(key) === true) this.#size--
    if (!this.#mapOf(key).set(key, value)) return
    this.#size++
    if (this.#maps.length === 1 && this.#size >= SPLIT_AT) this.#split(this.#maps[0]!)
  }

  delete(key: MapKey): void {
    if (this.#mapOf(key).delete(key) || this.#leaving?.delete(key) === true) this.#size--
  }

  #mapOf(key: MapKey): KeyMap<V> {
    return this.#maps.length === 1 ? this.#maps[0]! : this.#maps[shardOf(key)]!
  }

  #split(all: KeyMap<V>): void {
    this.#leaving = all
    this.#maps = Array.from({ length: SHARDS }, () => new KeyMap<V>())
  }

  #move(): void {
    for (let n = 0; n < MOVED_AT_ONCE; n++) {
      const entry = this.#leaving!.take()
      if (entry === undefined) {
        this.#leaving = undefined
        return
      }
      this.#mapOf(entry[0]).set(entry[0], entry[1])
    }
  }
}

/**
 * Cheap rather than even: a badly spread table is as good as one Map. Strings are told apart by their last characters,
 * where numbered keys differ, and by two from the middle.
 */
function shardOf(key: MapKey): number {
  if (typeof key === 'string') return shardOfString(key)
  if (typeof key === 'number') return shardOfNumber(key)
  if (typeof key === 'object' && key !== null) return canonicalOf(key).hash & (SHARDS - 1)
  return typeof key === 'bigint' ? shardOfNumber(Number(BigInt.asIntN(32, key))) : 0
}

function shardOfString(key: string): number {
  const n = key.length
  if (n === 0) return 0
  let hash = n
  for (let i = n > 3 ? n - 3 : 0; i < n; i++) hash = Math.imul(hash, 31) + key.charCodeAt(i)
  if (n > 6) hash = Math.imul(Math.imul(hash, 31) + key.charCodeAt(n >> 1), 31) + key.charCodeAt(n >> 2)
  return Math.imul(hash, 0x9e3779b1) >>> 24
}

function shardOfNumber(key: number): number {
  const whole = key | 0
  return Math.imul(whole === key ? whole : whole ^ ((key * 0x100000) | 0), 0x85ebca6b) >>> 24
}
