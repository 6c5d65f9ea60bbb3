import { useAnswer } from '../answers.js'
import type { PageProps } from '../page-props.js'
import { count, dateTime, duration, plural, safe, spent } from '../format.js'
import type { Message, PlanNode } from '../messages.js'
import { Link, pathOf, useLocation } from '../navigation.js'
import { Table } from '../table.js'

interface Operation {
  readonly outputOpId: number
  readonly name: string
  readonly description: string
  readonly duration?: number
  readonly failureReason?: string
  readonly attempts: number
}

type OperatorOfBatch = Pick<PlanNode, 'id' | 'name' | 'recordsIn' | 'recordsOut' | 'spentMs' | 'loop'>

export function BatchPage({ store, job }: PageProps) {
  const id = useLocation().searchParams.get('id')
  const batch = store.batches.find(({ t }) => String(t) === id)
  const base = `/api/v1/applications/${encodeURIComponent(job.id)}/streaming/batches/${encodeURIComponent(id ?? '')}`
  const { answer, refusal } = useAnswer<readonly Operation[]>(
    id === null ? undefined : `${base}/operations`,
    batch && `${batch.status} ${batch.ok} ${batch.failed} ${batch.active}`,
  )
  const operators = useAnswer<readonly OperatorOfBatch[]>(
    id === null ? undefined : `${base}/operators`,
    batch && `${batch.status} ${batch.ok}`,
  )
  if (id === null) return <p class="notice warn">Missing id parameter</p>
  if (batch === undefined)
    return <p class="notice warn">Batch {safe(id)} does not exist, or is not retained any more</p>
  const { prev, next } = neighbours(
    store.batches.map(({ t }) => t),
    batch.t,
  )
  return (
    <>
      <p class="crumbs">
        <Link to={pathOf('/streaming/')}>Streaming</Link>
        {prev !== undefined && <Link to={pathOf('/streaming/batch/', { id: String(prev) })}>← Earlier</Link>}
        {next !== undefined && <Link to={pathOf('/streaming/batch/', { id: String(next) })}>Later →</Link>}
      </p>
      <h1>Details of batch at {dateTime(batch.t, job.batchMs)}</h1>
      <dl class="facts">
        <dt>Batch duration</dt>
        <dd>{duration(job.batchMs)}</dd>
        <dt>Status</dt>
        <dd>{batch.status.toLowerCase()}</dd>
        <dt>Input data size</dt>
        <dd>{plural(batch.n, 'record')}</dd>
        <dt>Scheduling delay</dt>
        <dd>{duration(batch.sd)}</dd>
        <dt>Processing time</dt>
        <dd>{duration(batch.pd)}</dd>
        <dt>Total delay</dt>
        <dd>{duration(batch.td)}</dd>
        <dt>Commit</dt>
        <dd>{duration(batch.commit)}</dd>
      </dl>
      <Inputs job={job} records={batch.in} />
      <section aria-labelledby="operations">
        <h2 id="operations">Output operations</h2>
        {refusal === undefined ? (
          <Operations rows={answer ?? []} job={job} time={batch.t} />
        ) : (
          <p class="notice warn">{safe(refusal)}</p>
        )}
      </section>
      <section aria-labelledby="operators">
        <h2 id="operators">Operators</h2>
        <Operators rows={operators.answer ?? []} />
      </section>
    </>
  )
}

function neighbours(times: readonly number[], time: number) {
  const at = times.indexOf(time)
  return { prev: times[at - 1], next: times[at + 1] }
}

function Inputs({ job, records }: { readonly job: Message; readonly records: readonly number[] }) {
  return (
    <section aria-labelledby="inputs">
      <h2 id="inputs">Input</h2>
      <Table
        label="Input"
        rows={job.sources}
        rowKey={({ streamId }) => streamId}
        columns={[
          { label: 'Source', cell: ({ name }) => <bdi>{safe(name)}</bdi> },
          { label: 'Operator', cell: ({ operator }) => <code>{safe(operator)}</code> },
          { label: 'Records', cell: ({ streamId }) => count(records[streamId] ?? 0), numeric: true },
        ]}
      />
    </section>
  )
}

/** A batch that is not over has no figures of its operators yet. */
function Operators({ rows }: { readonly rows: readonly OperatorOfBatch[] }) {
  return (
    <Table
      label="Operators"
      rows={rows}
      rowKey={({ id }) => id}
      empty="No figures are retained."
      columns={[
        { label: 'Operator', cell: ({ id, name }) => <Described text={name} more={id} /> },
        { label: 'Records in', cell: (row) => count(row.recordsIn), order: (row) => row.recordsIn, numeric: true },
        { label: 'Records out', cell: (row) => count(row.recordsOut), order: (row) => row.recordsOut, numeric: true },
        {
          label: 'Time',
          cell: ({ spentMs, loop }) => (loop === undefined ? spent(spentMs) : `loop of ${safe(loop)}`),
          order: (row) => row.spentMs,
          numeric: true,
        },
      ]}
    />
  )
}

function Operations({
  rows,
  job,
  time,
}: {
  readonly rows: readonly Operation[]
  readonly job: Message
  readonly time: number
}) {
  const behind = new Set(job.outputs.filter(({ pendingBatches }) => pendingBatches > 0).map(({ index }) => index))
  return (
    <Table
      label="Output operations"
      rows={rows}
      rowKey={({ outputOpId }) => `${time} ${outputOpId}`}
      rowClass={({ failureReason }) => (failureReason === undefined ? '' : 'failed')}
      empty="No output has begun."
      columns={[
        { label: 'Id', cell: ({ outputOpId }) => outputOpId, order: ({ outputOpId }) => outputOpId, numeric: true },
        { label: 'Description', cell: (row) => <Described text={row.name} more={row.description} /> },
        { label: 'Duration', cell: (row) => duration(row.duration), order: (row) => row.duration, numeric: true },
        { label: 'Attempts', cell: ({ attempts }) => attempts, order: ({ attempts }) => attempts, numeric: true },
        {
          label: 'Status',
          cell: ({ failureReason, duration: took, outputOpId }) => (
            <Status failure={failureReason} isDone={took !== undefined} isBehind={behind.has(outputOpId)} />
          ),
        },
      ]}
    />
  )
}

/** A line with the rest behind it. */
export function Described({ text, more }: { readonly text: string; readonly more: string }) {
  if (more === '' || more === text) return <bdi>{safe(text)}</bdi>
  return (
    <details>
      <summary>
        <bdi>{safe(text)}</bdi>
      </summary>
      <pre>{more.split('\n').map(safe).join('\n')}</pre>
    </details>
  )
}

interface StatusProps {
  readonly failure: string | undefined
  readonly isDone: boolean
  readonly isBehind: boolean
}

function Status({ failure, isDone, isBehind }: StatusProps) {
  if (failure === undefined) return isDone ? <span class="good">Succeeded</span> : <>–</>
  const first = failure.split('\n', 1)[0]!
  return (
    <div class="bad">
      <Described text={`Failed due to error: ${first}`} more={failure} />
      {isBehind && <small>It is tried again.</small>}
    </div>
  )
}
