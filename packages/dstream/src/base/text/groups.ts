/** Spark's collections for groups: those of RDDs print their interface, and those of streams their class. */
type CollectionName = 'Seq' | 'ArrayBuffer'

/** The places of the engine's own groups in a record: it is a group as a whole, or its parts have places of their own. */
export type Groups = CollectionName | readonly (Groups | undefined)[]

/** The places in the records of `groupByKey` of an RDD. */
export const GROUPED: Groups = [undefined, 'Seq']
/** The places in the records of `groupByKey` and `groupByKeyAndWindow` of a stream. */
export const GROUPED_IN_STREAM: Groups = [undefined, 'ArrayBuffer']
/** The places in the records of `cogroup`. */
export const COGROUPED: Groups = [undefined, ['Seq', 'Seq']]

export function groupsOfPart(groups: Groups | undefined, i: number): Groups | undefined {
  return groups === undefined || typeof groups === 'string' ? undefined : groups[i]
}

/** Returns the places in an array of parts with these places. */
export function groupsOfParts(...parts: readonly (Groups | undefined)[]): Groups | undefined {
  return parts.some((part) => part !== undefined) ? parts : undefined
}

export function sameGroups(a: Groups | undefined, b: Groups | undefined): boolean {
  if (a === b) return true
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((part: Groups | undefined, i) => sameGroups(part, b[i] as Groups | undefined))
}

/** Returns groups that have come as JSON, which has no `undefined`. */
export function groupsFrom(plain: Groups | null | undefined): Groups | undefined {
  if (plain === null || plain === undefined || typeof plain === 'string') return plain ?? undefined
  return plain.map(groupsFrom)
}
