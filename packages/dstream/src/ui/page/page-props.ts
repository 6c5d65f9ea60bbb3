import type { Message } from './messages.js'
import type { Store } from './store.js'

/** A page that shows a job. */
export interface PageProps {
  readonly store: Store
  readonly job: Message
}
