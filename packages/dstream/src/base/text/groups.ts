/** The place of the engine's own groups in a record: it is a group as a whole, or its parts have places of their own. */
export type Groups = 'group' | readonly (Groups | undefined)[]

/** The place in the records of `groupByKey`. */
export const GROUPED: Groups = [undefined, 'group']
/** The place in the records of `cogroup`. */
export const COGROUPED: Groups = [undefined, ['group', 'group']]

export function groupsOfPart(groups: Groups | undefined, i: number): Groups | undefined {
  return groups === undefined || groups === 'group' ? undefined : groups[i]
}

/** Returns the place in an array of parts with these places. */
export function groupsOfParts(...parts: readonly (Groups | undefined)[]): Groups | undefined {
  return parts.some((part) => part !== undefined) ? parts : undefined
}

export function sameGroups(a: Groups | undefined, b: Groups | undefined): boolean {
  if (a === b) return true
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((part: Groups | undefined, i) => sameGroups(part, b[i] as Groups | undefined))
}
