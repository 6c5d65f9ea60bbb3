import type { StreamingEvents } from 'dstream'

export type RecordedEvent = { [E in keyof StreamingEvents]: { type: E } & StreamingEvents[E] }[keyof StreamingEvents]

export const eventNames: readonly (keyof StreamingEvents)[] = [
  'streamingStarted',
  'clockBehind',
  'receiverStarted',
  'receiverError',
  'receiverStopped',
  'batchSubmitted',
  'batchStarted',
  'batchCompleted',
  'outputOperationStarted',
  'outputOperationCompleted',
]
