import type { KnownBatch } from './store.js'

/** A place on the time axis: a batch, or the gap that a restart leaves. */
export type Place = KnownBatch | { readonly t: number; readonly gap: true }

/** Returns the batches with a gap at each restart. */
export function withGaps(batches: readonly KnownBatch[]): readonly Place[] {
  return batches.flatMap((batch, i) => {
    const before = batches[i - 1]
    return before !== undefined && before.run !== batch.run ? [{ t: before.t + 1, gap: true as const }, batch] : [batch]
  })
}

/** Returns a figure of each batch; `null` where there is none. */
export function pick(places: readonly Place[], read: (batch: KnownBatch) => number | undefined): (number | null)[] {
  return places.map((place) => ('gap' in place ? null : (read(place) ?? null)))
}

export function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null)
}
