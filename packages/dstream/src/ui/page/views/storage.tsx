import type { WriteFigures } from '../../../observe/metered-storage.js'
import type { RestartView } from '../../../observe/job-view.js'
import { useAnswer } from '../answers.js'
import type { PageProps } from '../page-props.js'
import { bytes, count, dateTime, duration, plural, safe } from '../format.js'
import { Table } from '../table.js'

interface Storage {
  readonly durable: boolean
  readonly location?: string
  readonly lastCommitted?: number
  readonly lastCommitMs?: number
  readonly writes?: readonly WriteFigures[]
  readonly restart?: RestartView
  readonly tables: readonly { readonly id: string; readonly keys: number }[]
  readonly pendingOutputs: readonly { readonly id: string; readonly pendingBatches: number }[]
}

interface StorageProps {
  readonly storage: Storage
  readonly batchMs: number
}

export function StoragePage({ job }: PageProps) {
  const app = encodeURIComponent(job.id)
  const { answer } = useAnswer<Storage>(`/api/v1/applications/${app}/storage`, job.totals.completed)
  if (answer === undefined) return <h1>Storage</h1>
  return (
    <>
      <h1>Storage</h1>
      {answer.durable ? <Kept storage={answer} batchMs={job.batchMs} /> : <NotKept />}
      <section aria-labelledby="restart">
        <h2 id="restart">What a restart would do</h2>
        <Restart storage={answer} batchMs={job.batchMs} />
      </section>
    </>
  )
}

function NotKept() {
  return (
    <p class="notice">
      This job has no checkpoint: its state lives in memory and ends with the process. A <code>checkpointDir</code>{' '}
      keeps it.
    </p>
  )
}

function Kept({ storage: { location, lastCommitted, lastCommitMs, writes }, batchMs }: StorageProps) {
  return (
    <>
      <dl class="facts">
        <dt>Location</dt>
        <dd>
          <code>{safe(location ?? '')}</code>
        </dd>
        <dt>Last committed batch</dt>
        <dd>{lastCommitted === undefined ? 'none yet' : dateTime(lastCommitted, batchMs)}</dd>
        <dt>Its commit took</dt>
        <dd>{duration(lastCommitMs)}</dd>
      </dl>
      <Table
        label="Writes"
        rows={(writes ?? []).filter((row) => row.bytes > 0 || row.failures > 0)}
        rowKey={({ group }) => group}
        empty="Nothing is written yet."
        columns={[
          { label: 'Files', cell: ({ group }) => <code>{safe(group)}</code>, order: ({ group }) => group },
          { label: 'Writes', cell: (row) => count(row.writes), order: (row) => row.writes, numeric: true },
          { label: 'Written', cell: (row) => bytes(row.bytes), order: (row) => row.bytes, numeric: true },
          { label: 'Mean', cell: (row) => duration(row.totalMs / Math.max(row.writes, 1)), numeric: true },
          { label: 'Last', cell: (row) => `${duration(row.lastMs)}, ${bytes(row.lastBytes)}`, numeric: true },
          { label: 'Last at', cell: (row) => (row.writes === 0 ? '–' : dateTime(row.lastTime)) },
          { label: 'Failed', cell: (row) => count(row.failures), order: (row) => row.failures, numeric: true },
        ]}
      />
    </>
  )
}

function Restart({ storage: { durable, restart, lastCommitted, tables, pendingOutputs }, batchMs }: StorageProps) {
  if (!durable) return <p>It would begin anew: nothing is kept.</p>
  if (lastCommitted === undefined || restart === undefined)
    return <p>It would begin anew: no batch is committed yet.</p>
  const keys = tables.reduce((sum, table) => sum + table.keys, 0)
  const behind = pendingOutputs.filter(({ pendingBatches }) => pendingBatches > 0)
  return (
    <>
      <p>
        The same program would resume after the batch of {dateTime(lastCommitted, batchMs)}, with {plural(keys, 'key')}{' '}
        of state. For a changed program ask <code>npx dstream checkpoint plan</code>.
      </p>
      <dl class="facts">
        <Operators word="kept" ids={restart.kept} />
        <Operators word="migrated" ids={restart.migrated} />
        <Operators word="new" ids={restart.new} />
        <Operators word="dropped" ids={restart.dropped} />
      </dl>
      {restart.refusal !== undefined && <p class="notice bad">start would refuse: {safe(restart.refusal)}</p>}
      <ul>
        {behind.map(({ id, pendingBatches }) => (
          <li key={id}>
            The output <code>{safe(id)}</code> would go on with{' '}
            {plural(pendingBatches, 'waiting batch', 'waiting batches')}.
          </li>
        ))}
      </ul>
    </>
  )
}

function Operators({ word, ids }: { readonly word: string; readonly ids: readonly string[] }) {
  return (
    <>
      <dt>{word}</dt>
      <dd>{ids.length === 0 ? 'nothing' : <code>{ids.map(safe).join(', ')}</code>}</dd>
    </>
  )
}
