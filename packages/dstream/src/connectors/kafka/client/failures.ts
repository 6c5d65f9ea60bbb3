/** An error of the client, as far as it is looked at. */
interface ClientError {
  readonly code?: unknown
  readonly apiId?: unknown
  readonly message?: unknown
  readonly errors?: readonly unknown[]
  readonly cause?: unknown
  readonly serverErrorMessage?: unknown
}

/** Returns an error of the client, those that it consists of and their causes, outermost first. */
function allOf(error: unknown): ClientError[] {
  if (typeof error !== 'object' || error === null) return []
  const { errors = [], cause } = error as ClientError
  return [error as ClientError, ...[...errors, cause].flatMap(allOf)]
}

/** Returns the names of the errors that a broker has answered with: `NOT_LEADER_OR_FOLLOWER`. */
export function brokerErrors(error: unknown): string[] {
  return allOf(error).flatMap(({ apiId }) => (typeof apiId === 'string' ? [apiId] : []))
}

export function hasBrokerError(error: unknown, ...names: readonly string[]): boolean {
  return brokerErrors(error).some((name) => names.includes(name))
}

/** The answers of a broker that starts, stops, elects a leader or is busy. */
const PASSING = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
])

/** The codes of the client and of TLS for what stays wrong: credentials, an option, a certificate. */
const REFUSING = /^PLT_KFK_(AUTHENTICATION|USER)$|CERT|UNABLE_TO_VERIFY/

/** Returns whether the same request may succeed later: there was no answer, or the answer of a broker that is not ready. */
export function isPassing(error: unknown): boolean {
  const all = allOf(error)
  if (all.some(({ code }) => REFUSING.test(String(code)))) return false
  const answers = brokerErrors(error)
  if (answers.length > 0) return answers.every((name) => PASSING.has(name))
  return all.some(({ code }) => code === 'PLT_KFK_NETWORK')
}

/** Returns whether a request has had no answer. Its connection may then hold one that is out of step. */
export function isUnanswered(error: unknown): boolean {
  return brokerErrors(error).length === 0 && allOf(error).some(({ code }) => code === 'PLT_KFK_NETWORK')
}

/** Returns the words for a failure: those of the broker where it has answered, else those of the innermost cause. */
export function reasonOf(error: unknown): string {
  const all = allOf(error)
  const answers = all.flatMap(({ apiId, message, serverErrorMessage }) =>
    typeof apiId === 'string' ? [`${apiId}, ${String(serverErrorMessage ?? message)}`] : [],
  )
  const words = answers.length > 0 ? answers : [String(all.at(-1)?.message ?? error)]
  return [...new Set(words.map((text) => text.replace(/\.$/, '')))].join('; ')
}
