/** One connection to a server, as far as reading from it needs. `close` ends it without further callbacks. */
export interface Connection {
  pause(): void
  resume(): void
  close(): void
}

export interface ConnectionEvents {
  opened(): void
  data(chunk: Uint8Array): void
  /** The other side has sent all it had. */
  ended(): void
  /** Could not be opened, or broke. */
  failed(error: Error): void
}

/** How the engine reaches a server: `node/` has the real one. Chunks belong to the receiver. */
export type Connect = (host: string, port: number, events: ConnectionEvents) => Connection
