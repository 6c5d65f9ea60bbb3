import { Admin, Consumer, Producer, type MessageToProduce } from '@platformatic/kafka'

type Text = string | Buffer
type Message = Omit<MessageToProduce<Text, Text, Text, Text>, 'topic' | 'value'> & { readonly value: Text | null }

/** What the tests of Kafka do to a broker beside the code they test: another client makes topics and writes records. */
export class KafkaHand {
  readonly #admin: Admin
  readonly #producer: Producer<Text, Text, Text, Text>

  /** @param broker the address of a broker; those of a cluster with commas between them */
  constructor(readonly broker: string) {
    const base = { clientId: 'hand', bootstrapBrokers: broker.split(','), retries: 20, retryDelay: 100 }
    this.#admin = new Admin(base)
    const bytes = (text?: Text | null): Buffer | undefined => (text === null || text === undefined ? undefined : Buffer.from(text)) // prettier-ignore
    const serializers = { key: bytes, value: bytes, headerKey: bytes, headerValue: bytes }
    this.#producer = new Producer({ ...base, serializers, idempotent: true } as never)
  }

  async create(
    topic: string,
    partitions = 1,
    configs: Readonly<Record<string, string>> = {},
    replicas = 1,
  ): Promise<void> {
    const list = Object.entries(configs).map(([name, value]) => ({ name, value }))
    while (replicas > 1 && (await this.#brokers()) < replicas) await new Promise((resolve) => setTimeout(resolve, 100))
    const request = { topics: [topic], partitions, replicas, configs: list }
    // A broker that has just been started is not registered yet.
    await eventually(() => this.#admin.createTopics(request))
    await this.#ready(topic, partitions)
  }

  /** Returns the id of the broker that leads a partition, once one does that is not `former`. */
  async leader(topic: string, partition: number, former = -1): Promise<number> {
    for (;;) {
      const found = await this.#admin.metadata({ topics: [topic], forceUpdate: true }).catch(() => undefined)
      const leader = found?.topics.get(topic)?.partitions[partition]?.leader ?? -1
      if (leader >= 0 && leader !== former) return leader
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Returns the number of brokers that have joined the cluster. */
  async #brokers(): Promise<number> {
    const found = await this.#admin.metadata({ topics: [], forceUpdate: true }).catch(() => undefined)
    return found?.brokers.size ?? 0
  }

  async delete(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] })
  }

  async grow(topic: string, count: number): Promise<void> {
    await this.#admin.createPartitions({ topics: [{ name: topic, count, assignments: null as never }] })
    await this.#ready(topic, count)
  }

  /**
   * Returns the offset after the last record of each partition, once no transaction is open: the broker answers that one is
   * committed before it lets readers see that.
   */
  async ends(topic: string, partitions: number): Promise<number[]> {
    const consumer = new Consumer({ clientId: 'hand', groupId: 'hand', bootstrapBrokers: this.broker.split(','), retries: 20, retryDelay: 100 }) // prettier-ignore
    const indexes = Array.from({ length: partitions }, (_, i) => i)
    const endsOf = async (isolationLevel: 0 | 1): Promise<bigint[]> =>
      (await consumer.listOffsets({ topics: [topic], partitions: { [topic]: indexes }, isolationLevel })).get(topic)!
    try {
      for (;;) {
        const [written, committed] = [await endsOf(0), await endsOf(1)]
        if (written.every((end, i) => end === committed[i])) return written.map(Number)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    } finally {
      await consumer.close(true)
    }
  }

  /** Deletes the records before an offset, as retention does. */
  async deleteBefore(topic: string, partition: number, offset: number): Promise<void> {
    await this.#admin.deleteRecords({
      topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }],
    })
  }

  async send(topic: string, ...messages: readonly (string | Message)[]): Promise<void> {
    await this.sendAll(topic, messages)
  }

  async sendAll(
    topic: string,
    messages: readonly (string | Message)[],
    compression: 'none' | 'gzip' | 'snappy' | 'lz4' = 'none',
  ): Promise<void> {
    const all = messages.map((message) => (typeof message === 'string' ? { value: message } : message))
    this.#producer.clearMetadata()
    await this.#producer.send({
      messages: all.map((message) => ({ topic, partition: 0, ...message })) as never,
      acks: -1,
      compression,
    })
  }

  /** Resolves when the leaders of all partitions answer for them. */
  async #ready(topic: string, partitions: number): Promise<void> {
    await eventually(async () => {
      const { topics } = await this.#admin.metadata({ topics: [topic], forceUpdate: true })
      const leaders = topics.get(topic)!.partitions.filter(({ leader }) => leader >= 0)
      if (leaders.length < partitions) throw new Error(`${leaders.length} partitions of ${topic} have a leader`)
    })
    await eventually(() => this.ends(topic, partitions))
  }

  async close(): Promise<void> {
    await this.#producer.close(true)
    await this.#admin.close()
  }
}

/** Tries again while the error is one that passes: by default that a broker is away, as it is for a moment on a busy machine. */
export async function patiently<R>(
  attempt: () => R | Promise<R>,
  isPassing = (error: unknown): boolean => (error as { readonly code?: unknown }).code === 'kafka-away',
): Promise<R> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isPassing(error)) throw error
    }
  }
}

/** Tries again until it succeeds. */
async function eventually(attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const failed = await attempt().then(
      () => false,
      () => true,
    )
    if (!failed) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
