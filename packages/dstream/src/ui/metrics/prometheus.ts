import { collectDefaultMetrics, Registry } from 'prom-client'
import type { JobView } from '../../observe/job-view.js'
import { JobCollector } from './job-collector.js'

/** Serves the metrics of the jobs of a page in Prometheus' text format. */
export class Metrics {
  readonly registry: Registry
  readonly #collector: JobCollector
  readonly #isOwn: boolean

  /** @param given a registry of the program's own; the metrics of the process are then its own affair */
  constructor(jobs: () => readonly JobView[], given: Registry | undefined) {
    this.registry = given ?? new Registry()
    this.#isOwn = given === undefined
    if (this.#isOwn) collectDefaultMetrics({ register: this.registry })
    this.#collector = new JobCollector(jobs, this.registry)
  }

  get contentType(): string {
    return this.registry.contentType
  }

  text(): Promise<string> {
    return this.registry.metrics()
  }

  /** Takes the metrics out of a registry of the program's own, so that a later page can put its own there. */
  close(): void {
    if (this.#isOwn) this.registry.clear()
    else this.#collector.remove()
  }
}
