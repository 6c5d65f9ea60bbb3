import { dateTime, duration, plural, safe } from '../format.js'
import type { Batch, Message } from '../messages.js'
import { Link, pathOf } from '../navigation.js'
import { Table, type Column } from '../table.js'

interface BatchTableProps {
  readonly label: string
  readonly batches: readonly Batch[]
  readonly job: Message
}

/** Completed batches, newest first, with the columns of Spark's page. */
export function BatchTable({ label, batches, job }: BatchTableProps) {
  const hasErrors = batches.some(({ error }) => error !== undefined)
  const columns: Column<Batch>[] = [
    ...common(job),
    { label: 'Total delay', cell: ({ td }) => duration(td), order: ({ td }) => td, numeric: true },
    {
      label: 'Outputs',
      cell: (batch) => <Outputs batch={batch} total={job.outputs.length} />,
      order: ({ failed }) => failed,
    },
    ...(hasErrors
      ? [{ label: 'Error', cell: ({ error }: Batch) => <span class="bad">{safe(error ?? '')}</span> }]
      : []),
  ]
  return (
    <Table
      label={label}
      columns={columns}
      rows={batches}
      rowKey={({ t }) => t}
      rowClass={({ failed }) => (failed > 0 ? 'failed' : '')}
      orderedBy={0}
      empty="No batch is completed yet."
    />
  )
}

function common(job: Message): Column<Batch>[] {
  return [
    { label: 'Batch time', cell: ({ t }) => <BatchLink t={t} job={job} />, order: ({ t }) => t },
    { label: 'Records', cell: ({ n }) => plural(n, 'record'), order: ({ n }) => n, numeric: true },
    { label: 'Scheduling delay', cell: ({ sd }) => duration(sd), order: ({ sd }) => sd, numeric: true },
    { label: 'Processing time', cell: ({ pd }) => duration(pd), order: ({ pd }) => pd, numeric: true },
  ]
}

function BatchLink({ t, job }: { readonly t: number; readonly job: Message }) {
  return <Link to={pathOf('/streaming/batch/', { id: String(t) })}>{dateTime(t, job.batchMs)}</Link>
}

function Outputs({ batch: { ok, failed, active, status }, total }: { readonly batch: Batch; readonly total: number }) {
  // An output with a longer slide is not part of every batch.
  const all = Math.max(status === 'COMPLETED' ? 0 : total, ok + failed + active, 1)
  return (
    <span class="outputs">
      <span class="bar" aria-hidden="true">
        <i class="ok" style={{ width: `${(ok / all) * 100}%` }} />
        <i class="failed" style={{ width: `${(failed / all) * 100}%` }} />
      </span>
      {ok}/{all}
      {failed > 0 && <span class="bad"> {failed} failed</span>}
    </span>
  )
}

/** Batches that run, and those that are due and wait. */
export function Waiting({ job, active }: { readonly job: Message; readonly active: readonly Batch[] }) {
  const queued: Batch[] = job.queuedTimes.map((t) => ({
    t,
    status: 'QUEUED',
    n: 0,
    in: [],
    ok: 0,
    failed: 0,
    active: 0,
  }))
  const columns: Column<Batch>[] = [
    ...common(job),
    { label: 'Status', cell: ({ status }) => (status === 'PROCESSING' ? 'processing' : 'queued') },
    { label: 'Outputs', cell: (batch) => <Outputs batch={batch} total={job.outputs.length} /> },
  ]
  // The room stays, so that the tables below do not jump with every batch.
  return (
    <section aria-labelledby="active" class="active">
      <h2 id="active">
        Active batches{' '}
        <small>
          {plural(active.length, 'runs', 'run')}, {plural(job.queued, 'waits', 'wait')}
        </small>
      </h2>
      <Table
        label="Active batches"
        columns={columns}
        rows={[...active, ...queued]}
        rowKey={({ t }) => t}
        orderedBy={0}
        pageSize={10}
        empty="None at the moment."
      />
    </section>
  )
}
