import type { PageProps } from '../page-props.js'
import { BatchTable, Waiting } from './batch-tables.js'
import { Chart } from '../chart.js'
import { DelayFigures, InputFigure } from '../figures.js'
import { known, pick, withGaps, type Place } from '../places.js'
import { bytes, compact, count, dateTime, duration, mean, plural, safe } from '../format.js'
import type { Message } from '../messages.js'
import type { KnownBatch } from '../store.js'

/** The batches that charts show. */
const SHOWN = 300

export function StreamingPage({ store, job }: PageProps) {
  const completed = store.batches.filter(({ status, run }) => status === 'COMPLETED' && isOfThisRun(store.batches, run))
  const charted = withGaps(store.batches.filter(({ status }) => status === 'COMPLETED').slice(-SHOWN))
  const active = store.batches.filter(({ status, run }) => status !== 'COMPLETED' && isOfThisRun(store.batches, run))
  return (
    <>
      <h1 class="hidden">Streaming statistics</h1>
      <p class="lead">
        Running batches of <b>{duration(job.batchMs)}</b> for <b>{duration(job.now - job.startTime)}</b> since{' '}
        <b>{dateTime(job.startTime)}</b> ({plural(job.totals.completed, 'completed batch', 'completed batches')},{' '}
        {plural(job.totals.processed, 'record')})
      </p>
      <Tiles job={job} completed={completed} />
      <section class="figures" aria-label="Figures over time">
        <InputFigure job={job} charted={charted} />
        <DelayFigures job={job} charted={charted} />
      </section>
      <Process charted={charted} job={job} />
      <Waiting job={job} active={active} />
      <section aria-labelledby="completed">
        <h2 id="completed">
          Completed batches{' '}
          <small>
            last {count(completed.length)} of {count(job.totals.completed)}
          </small>
        </h2>
        <BatchTable label="Completed batches" batches={completed} job={job} />
      </section>
    </>
  )
}

function isOfThisRun(batches: readonly KnownBatch[], run: number): boolean {
  return run === batches.at(-1)?.run
}

function Tiles({ job, completed }: { readonly job: Message; readonly completed: readonly KnownBatch[] }) {
  const recent = completed.slice(-20)
  const processing = mean(recent.map(({ pd }) => pd))
  const share = processing === undefined ? undefined : processing / job.batchMs
  const failing = job.outputs.filter(({ pendingBatches }) => pendingBatches > 0)
  return (
    <dl class="tiles">
      <Tile name="Input" value={compact(mean(recent.map(({ n }) => (n * 1000) / job.batchMs)) ?? 0)} unit="records/s" />
      <Tile
        name="Processing time"
        value={duration(processing)}
        unit={share === undefined ? '' : `${Math.round(share * 100)} % of the interval`}
        state={share !== undefined && share > 1 ? 'bad' : undefined}
      />
      <Tile name="Total delay" value={duration(mean(recent.map(({ td }) => td)))} unit="from tick to done" />
      <Tile
        name="Waiting batches"
        value={count(job.queued)}
        unit={job.queued === 0 ? 'none is late' : 'late'}
        state={job.queued > 2 ? 'warn' : undefined}
      />
      <Tile
        name="Outputs behind"
        value={count(failing.length)}
        unit={failing.length === 0 ? 'all are done' : safe(failing[0]!.name)}
        state={failing.length > 0 ? 'bad' : undefined}
      />
    </dl>
  )
}

interface TileProps {
  readonly name: string
  readonly value: string
  readonly unit: string
  readonly state?: 'bad' | 'warn' | undefined
}

function Tile({ name, value, unit, state }: TileProps) {
  return (
    <div class={`tile ${state ?? ''}`}>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong> <span title={unit}>{unit}</span>
      </dd>
    </div>
  )
}

/** The process that runs the batches: whether it has room left. */
function Process({ charted, job }: { readonly charted: readonly Place[]; readonly job: Message }) {
  const rates = pick(charted, ({ rate }) => rate)
  const bound = job.sources.reduce((sum, { buffer }) => sum + (buffer?.maxBytes ?? 0), 0)
  const small: readonly (readonly [string, (number | null)[], (value: number) => string, string])[] = [
    ['Event-loop delay', pick(charted, ({ loop }) => loop), duration, '--line-5'],
    ['Heap in use', pick(charted, ({ heap }) => heap), bytes, '--line-6'],
    [
      `Received and waiting${bound > 0 ? ` (of ${bytes(bound)})` : ''}`,
      pick(charted, ({ buffered }) => buffered),
      bytes,
      '--line-7',
    ],
    ['Commit', pick(charted, ({ commit }) => commit), duration, '--line-8'],
    ...(known(rates).length > 0 ? [['Rate limit, records/s', rates, compact, '--line-2'] as const] : []),
  ]
  return (
    <section aria-labelledby="process">
      <h2 id="process">Process</h2>
      <div class="cards">
        {small.map(([title, values, format, colour]) => (
          <div class="card" key={title}>
            <h3>
              {title} <b>{format(known(values).at(-1) ?? 0)}</b>
            </h3>
            <Chart
              label={`${title}: last ${format(known(values).at(-1) ?? 0)}`}
              times={charted.map(({ t }) => t)}
              series={[{ label: title, values, form: 'area', colour }]}
              format={format}
              height={104}
            />
          </div>
        ))}
      </div>
    </section>
  )
}
