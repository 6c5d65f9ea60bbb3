/** The operators whose records are combined by key before they are merged. */
export const MAP_SIDES: ReadonlySet<string> = new Set(
  'reduceByKey combineByKey groupByKey countByValue distinct runningReduceByKey updateStateByKey'.split(' '),
)

/** The operators that may stand between a source and a map side: they change no partition but record by record. */
export const NARROW: ReadonlySet<string> = new Set(
  'map filter flatMap mapToPair flatMapToPair mapValues flatMapValues union'.split(' '),
)
