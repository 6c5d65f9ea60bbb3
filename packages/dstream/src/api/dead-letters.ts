import { deadLetterTarget, isDeadLetterTarget, type DeadLetterTarget } from '../base/dead-letter-target.js'
import { deadLettersNotAttached } from '../base/errors/outputs.js'
import { checkOptions } from '../base/options.js'
import type { RecordError } from '../base/record-error.js'
import { DeadLetterInput, type DeadLetter } from '../input/sources/dead-letters.js'
import type { InputSource, SourceHome } from '../input/sources/input-source.js'
import { deliveryOf, OUTPUT_OPTIONS, type OutputOptions } from '../output/delivery/delivery-policy.js'
import { checkSink, toSink, type Sink, type TwoPhaseSink } from '../output/outputs/sink.js'
import type { OutputSpec } from '../streams/graph/output.js'

interface Target extends DeadLetterTarget {
  readonly sink: Sink<DeadLetter> | TwoPhaseSink<DeadLetter>
  readonly options: OutputOptions
}

/**
 * Sends records that are left out to a sink, each with its error, batch time and operator: for `onRecordError` of a context
 * and `onError` of `mapAsync`. The letters of a batch are written with it, once, as to any sink: they wait while the sink
 * is away, and outlive the process with a checkpoint.
 *
 * @param sink any sink whose records are a `DeadLetter`
 * @param options how the letters are delivered, as those of an output
 * @throws `bad-option`, `unknown-option`
 *
 * @example
 * import type { DeadLetter } from 'dstream'
 * import { fileSink } from 'dstream/sinks'
 * const letters = deadLetter(fileSink<DeadLetter>('out/letters', { encode: (letter) => JSON.stringify(letter) }))
 * new StreamingContext({ batchInterval: Seconds(1), onRecordError: letters })
 */
export function deadLetter(
  sink: Sink<DeadLetter> | TwoPhaseSink<DeadLetter>,
  options: OutputOptions = {},
): DeadLetterTarget {
  checkOptions('deadLetter', options, OUTPUT_OPTIONS)
  deliveryOf('deadLetter', options)
  return deadLetterTarget({ sink: checkSink('deadLetter', sink), options })
}

/** Where the sources and outputs of dead letters are added. */
export interface DeadLetterHost {
  addSource<S extends InputSource>(make: (home: SourceHome) => S): S
  addOutput(spec: OutputSpec): void
}

/** The dead letters of one context. */
export class DeadLetters {
  readonly #targets = new Set<Target>()
  readonly #inputs = new Map<DeadLetterTarget, DeadLetterInput>()

  get isEmpty(): boolean {
    return this.#inputs.size === 0
  }

  /** Notes a target that the program names. */
  use(target: DeadLetterTarget): void {
    this.#targets.add(target as Target)
  }

  /**
   * Adds the streams and outputs of the targets: once, as the last ones of the graph, so that they see the letters of all
   * others.
   */
  attach(host: DeadLetterHost): void {
    for (const target of this.#targets) {
      if (this.#inputs.has(target)) continue
      const input = host.addSource((home) => new DeadLetterInput(home))
      this.#inputs.set(target, input)
      host.addOutput(outputOf(input, target))
    }
  }

  /** @throws `dead-letters-not-attached` for a target that no stream of the context has named */
  add(target: object, error: RecordError, place?: string): void {
    const input = isDeadLetterTarget(target) ? this.#inputs.get(target) : undefined
    if (input === undefined) throw deadLettersNotAttached()
    input.add(error, place)
  }
}

function outputOf(input: DeadLetterInput, { sink, options }: Target): OutputSpec {
  const spec = toSink(input.operator, sink, options.order)
  return {
    ...spec,
    kind: 'deadLetter',
    delivery: { ...spec.delivery, ...deliveryOf('deadLetter', options) },
    open: async (host) => {
      await spec.open!(host)
      input.heldUntil(spec.lastCommitted!())
    },
    run: (rdd, time, attempt) => {
      // A batch that the sink holds already is not read, and its letters are done with all the same.
      input.take(time)
      return spec.run(rdd, time, attempt)
    },
  }
}
