/**
 * The marks by which immutable's collections are recognised. A program can load several copies of immutable, whose own
 * `isList` and the like test the same marks.
 */
export const markers = {
  collection: '@@__IMMUTABLE_ITERABLE__@@',
  keyed: '@@__IMMUTABLE_KEYED__@@',
  indexed: '@@__IMMUTABLE_INDEXED__@@',
  ordered: '@@__IMMUTABLE_ORDERED__@@',
  seq: '@@__IMMUTABLE_SEQ__@@',
  stack: '@@__IMMUTABLE_STACK__@@',
  list: '@@__IMMUTABLE_LIST__@@',
  map: '@@__IMMUTABLE_MAP__@@',
  set: '@@__IMMUTABLE_SET__@@',
  record: '@@__IMMUTABLE_RECORD__@@',
} as const

/** The properties of immutable's collections that keys need. */
export interface AnyCollection extends Iterable<unknown> {
  readonly __ownerID?: unknown
  readonly size: number | undefined
  readonly [markers.ordered]?: unknown
  toList(): AnyCollection
  toStack(): AnyCollection
  toMap(): AnyCollection
  toOrderedMap(): AnyCollection
  toSet(): AnyCollection
  toOrderedSet(): AnyCollection
  toSeq(): AnySeq
}

/** A lazy view of a collection. */
export interface AnySeq extends AnyCollection {
  map(f: (item: unknown) => unknown): AnySeq
  mapEntries(f: (entry: [unknown, unknown]) => [unknown, unknown]): AnySeq
}

export interface AnyRecord {
  readonly __ownerID?: unknown
  remove(name: string): this
  set(name: string, value: unknown): this
  toSeq(): Iterable<readonly [string, unknown]>
}

export function isImmutableCollection(value: object): value is AnyCollection {
  return markers.collection in value
}

export function isRecord(value: object): value is AnyRecord {
  return markers.record in value
}

/** Returns whether an object is a collection or a record of immutable's. */
export function isImmutable(value: object): boolean {
  return isImmutableCollection(value) || isRecord(value)
}

export function isList(value: object): value is Iterable<unknown> & { readonly size: number } {
  return markers.list in value
}
