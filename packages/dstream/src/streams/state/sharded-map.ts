import { canonicalOf } from '../../base/keys/intern.js'
import type { MapKey } from '../../base/keys/key.js'
import { KeyMap } from './key-map.js'

const SPLIT_AT = 1 << 17
const SHARDS = 256
/** The number of entries that every operation moves while a table is split. */
const MOVED_AT_ONCE = 16

/**
 * A Map that grows without blocking the event loop. A native Map of millions takes seconds to rehash and cannot hold more
 * than 16.7 million entries, so a large table is kept as many Maps. It is split little by little, because moving all
 * entries at once would block too, and not before it must: a search in one of many Maps takes up to half as long again.
 * Keys must be canonical, as `keyOf` returns them; values are not undefined.
 */
export class ShardedMap<V> {
  #maps: KeyMap<V>[] = [new KeyMap()]
  /** The former single map, while it is split: an entry is either still here or in its shard. */
  #splitting: KeyMap<V> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: MapKey): V | undefined {
    if (this.#splitting !== undefined) this.#move()
    return this.#mapOf(key).get(key) ?? this.#splitting?.get(key)
  }

  set(key: MapKey, value: V): void {
    if (this.#splitting !== undefined) this.#move()
    if (this.#splitting?.delete(key) === true) this.#size--
    if (!this.#mapOf(key).set(key, value)) return
    this.#size++
    if (this.#maps.length === 1 && this.#size >= SPLIT_AT) this.#split(this.#maps[0]!)
  }

  delete(key: MapKey): void {
    if (this.#mapOf(key).delete(key) || this.#splitting?.delete(key) === true) this.#size--
  }

  #mapOf(key: MapKey): KeyMap<V> {
    return this.#maps.length === 1 ? this.#maps[0]! : this.#maps[shardOf(key)]!
  }

  #split(all: KeyMap<V>): void {
    this.#splitting = all
    this.#maps = Array.from({ length: SHARDS }, () => new KeyMap<V>())
  }

  #move(): void {
    for (let n = 0; n < MOVED_AT_ONCE; n++) {
      const entry = this.#splitting!.take()
      if (entry === undefined) {
        this.#splitting = undefined
        return
      }
      this.#mapOf(entry[0]).set(entry[0], entry[1])
    }
  }
}

/**
 * Returns the shard of a key. The hash is cheap rather than even: a badly spread table is no worse than one Map. For strings
 * it reads the last characters, where numbered keys differ, and two from the middle.
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
