import type { Cluster, TopicPartition } from './cluster.js'
import { grouped, nameOf } from './cluster.js'

/** An offset that a consumer group has committed, with the text that was committed with it. */
export interface CommittedOffset {
  readonly offset: number
  readonly metadata: string
}

export interface OffsetToCommit extends TopicPartition {
  readonly offset: number
}

/**
 * Returns the committed offsets of a group by the name of the partition; a partition without one is left out. Offsets that
 * an open transaction commits are waited for by asking again: the broker answers that they are not stable.
 *
 * @throws `kafka-away`, `kafka-refused`
 */
export async function committedOffsets(
  cluster: Cluster,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, CommittedOffset>> {
  const what = `read the offsets of the group ${group}`
  const topics = [...grouped(partitions)].map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
  const request = [{ groupId: group, memberId: null, memberEpoch: -1, topics }]
  const { groups } = await cluster.coordinated('group', group, what, (node) =>
    cluster.client.call(what, node, 'OffsetFetch', request, true),
  )
  const found = new Map<string, CommittedOffset>()
  for (const { name, partitions: answers } of groups[0]?.topics ?? []) {
    for (const { partitionIndex, committedOffset, metadata } of answers) {
      if (committedOffset < 0n) continue
      const partition = nameOf({ topic: name, partition: partitionIndex })
      found.set(partition, { offset: Number(committedOffset), metadata: metadata ?? '' })
    }
  }
  return found
}

/** Commits offsets as a client that is no member of the group. @throws `kafka-away`, `kafka-refused` */
export async function commitOffsets(
  cluster: Cluster,
  group: string,
  offsets: readonly OffsetToCommit[],
): Promise<void> {
  const what = `commit the offsets of the group ${group}`
  const offsetOf = new Map(offsets.map((of) => [nameOf(of), of.offset]))
  const topics = [...grouped(offsets)].map(([name, indexes]) => ({
    name,
    partitions: indexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: BigInt(offsetOf.get(nameOf({ topic: name, partition: partitionIndex }))!),
      committedLeaderEpoch: -1,
      committedMetadata: null,
    })),
  }))
  await cluster.coordinated('group', group, what, (node) =>
    cluster.client.call(what, node, 'OffsetCommit', group, -1, '', null, topics),
  )
}
