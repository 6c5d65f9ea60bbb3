import type { PairTable } from '../../rdd/plan/lineage.js'
import type { MadeByReader, MadeElsewhere, Task, UpdatedElsewhere } from '../../rdd/plan/stage-runner.js'
import { decodedTable } from './encoded-blocks.js'
import { decodedPieces, KeptPieces } from './encoded-input.js'
import type { KeptReply, ReaderReply } from './frames.js'
import type { Reply } from './task-queue.js'

/** What a worker has made of records that are kept here. */
export class Made implements MadeElsewhere {
  constructor(
    readonly chunks: MadeElsewhere['chunks'],
    readonly readers: MadeElsewhere['readers'],
  ) {}
}

/** What a worker has made of a partition of a state. */
export class Updated implements UpdatedElsewhere {
  readonly copy: string
  readonly changes: UpdatedElsewhere['changes']
  readonly counts: UpdatedElsewhere['counts']
  readonly entries: UpdatedElsewhere['entries']
  readonly emitted: UpdatedElsewhere['emitted']

  constructor({ copy, changes, counts, entries, emitted }: Extract<Reply, { readonly type: 'updated' }>) {
    this.copy = copy
    this.changes = new KeptPieces(changes)
    this.counts = counts
    this.entries = entries && new KeptPieces(entries)
    this.emitted = decodedPieces(emitted)
  }
}

/** A divided table that stays where it was made. */
export class Left {
  constructor(
    /** The pairs of the table. */
    readonly pairs: number,
    /** Counts the task: once its blocks are merged or fetched, since it is done again here where they are lost. */
    readonly count: () => void,
  ) {}
}

/**
 * Returns the table of a reply, and adds its counts to those of the steps.
 *
 * @param countLeft counts a task that has left its table
 */
export function tableOf(
  task: Task,
  reply: Reply,
  countLeft: (reply: Extract<Reply, { readonly type: 'left' }>) => void,
): PairTable | Left | undefined {
  if (reply.type === 'left') {
    return new Left(reply.pairs, () => {
      task.count(reply)
      countLeft(reply)
    })
  }
  if (reply.type !== 'done') return undefined
  task.count(reply)
  return decodedTable(reply.table)
}

export function madeOf({ chunks, readers }: KeptReply): Made {
  return new Made(chunks && decodedPieces<unknown[]>(chunks), readers.map(madeBy))
}

function madeBy(reply: ReaderReply): MadeByReader | undefined {
  if ('reason' in reply) return undefined
  const { taken, given } = reply
  if ('table' in reply) return { taken, given, table: decodedTable(reply.table) }
  const { chunks, readers } = madeOf(reply)
  return { taken, given, chunks, readers }
}
