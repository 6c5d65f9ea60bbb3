import { useState } from 'preact/hooks'
import { useAnswer } from '../answers.js'
import type { PageProps } from '../page-props.js'
import { bytes, count, dateTime, safe } from '../format.js'
import type { StateTable } from '../messages.js'
import { Table } from '../table.js'

interface Answer {
  readonly batchTime: number
  readonly keys: number
  readonly rows: readonly { readonly key: string; readonly value: string }[]
}

export function StatePage({ job }: PageProps) {
  const [chosen, choose] = useState<string | undefined>(undefined)
  const table = job.tables.find(({ id }) => id === chosen) ?? job.tables[0]
  return (
    <>
      <h1>State</h1>
      <Table
        label="Tables"
        rows={job.tables}
        rowKey={({ id }) => id}
        rowClass={({ id }) => (id === table?.id ? 'chosen' : '')}
        empty="No operator of this job keeps state."
        columns={[
          {
            label: 'Table',
            cell: ({ id }) => <TableButton id={id} isChosen={id === table?.id} choose={choose} />,
            order: ({ id }) => id,
          },
          { label: 'Keys', cell: ({ keys }) => count(keys), order: ({ keys }) => keys, numeric: true },
          {
            label: 'Updated',
            cell: ({ updated }) => count(updated),
            order: ({ updated }) => updated,
            numeric: true,
            hint: 'By the last batch',
          },
          {
            label: 'Removed',
            cell: ({ removed }) => count(removed),
            order: ({ removed }) => removed,
            numeric: true,
            hint: 'By the last batch',
          },
          {
            label: 'Size',
            cell: (one) => bytes(one.bytes),
            order: (one) => one.bytes,
            numeric: true,
            hint: 'As it is stored, estimated from the first keys',
          },
        ]}
      />
      {table !== undefined && <Question key={table.id} app={job.id} table={table} />}
    </>
  )
}

interface TableButtonProps {
  readonly id: string
  readonly isChosen: boolean
  readonly choose: (id: string) => void
}

function TableButton({ id, isChosen, choose }: TableButtonProps) {
  return (
    <button type="button" class="link" aria-pressed={isChosen} onClick={() => choose(id)}>
      <code>{safe(id)}</code>
    </button>
  )
}

/** Asks for one key, or for the rows with the largest numbers. It only reads, as of the last committed batch. */
function Question({ app, table }: { readonly app: string; readonly table: StateTable }) {
  const [query, ask] = useState('limit=20')
  const [asked, again] = useState(0)
  const path = `/api/v1/applications/${encodeURIComponent(app)}/state/${encodeURIComponent(table.id)}?${query}`
  const { answer, refusal } = useAnswer<Answer>(path, asked)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string): string => String(form.get(name) ?? '')
    const wanted = new URLSearchParams({ limit: text('limit') || '20' })
    if (text('key') !== '') wanted.set('key', text('key'))
    else if (form.has('largest')) wanted.set('by', text('by'))
    ask(String(wanted))
    again((n) => n + 1)
  }
  return (
    <section aria-labelledby="question">
      <h2 id="question">
        Rows of <code>{safe(table.id)}</code>
      </h2>
      <form class="question" onSubmit={submit}>
        <label>
          Key <input name="key" placeholder="a text, or JSON such as 42" autocomplete="off" />
        </label>
        <label class="check">
          <input type="checkbox" name="largest" /> largest first, by
        </label>
        <label>
          <span class="hidden">Path of the number</span>
          <input name="by" placeholder="the value itself, or a path" autocomplete="off" />
        </label>
        <label>
          Rows <input name="limit" type="number" min={1} max={1000} value={20} />
        </label>
        <button>Ask</button>
      </form>
      {refusal !== undefined && <p class="notice warn">{safe(refusal)}</p>}
      {answer !== undefined && (
        <>
          <p class="muted">
            {answer.rows.length} of {count(answer.keys)} keys, as of the batch of {dateTime(answer.batchTime, 1)}
          </p>
          <Table
            label="Rows"
            rows={answer.rows.map((row, i) => ({ ...row, i }))}
            rowKey={({ i }) => i}
            empty="There is no such key."
            columns={[
              { label: 'Key', cell: ({ key }) => <code>{safe(key)}</code> },
              { label: 'Value', cell: ({ value }) => <code>{safe(value)}</code> },
            ]}
          />
        </>
      )}
    </section>
  )
}
