import type { PageProps } from '../page-props.js'
import { Chart, type Series } from '../chart.js'
import { compact, safe, timeOfDay } from '../format.js'
import type { Panel, Row } from '../messages.js'
import { Table } from '../table.js'

export function BoardPage({ store, job }: PageProps) {
  const shown = store.panels.filter((panel) => job.apps.length > 1 || panel.job === job.name)
  // What a program shows on purpose comes first; the logs of print follow.
  const panels = [...shown.filter((panel) => !isPrint(panel)), ...shown.filter(isPrint)]
  return (
    <>
      <h1 class="hidden">Board</h1>
      {panels.length === 0 ? (
        <p class="empty">
          This job shows nothing here yet.{' '}
          <code>
            stream.show('Words', {'{'} as: 'bars' {'}'})
          </code>{' '}
          puts a stream on the board.
        </p>
      ) : (
        <div class="board">
          {panels.map((panel) => (
            <PanelCard key={`${panel.job} ${panel.index}`} panel={panel} named={job.apps.length > 1} />
          ))}
        </div>
      )}
    </>
  )
}

function isPrint({ form, name }: Panel): boolean {
  return form === 'log' && name.startsWith('print at ')
}

function PanelCard({ panel, named }: { readonly panel: Panel; readonly named: boolean }) {
  const last = panel.batches.at(-1)
  return (
    <article class={`card panel is-${panel.form}`} aria-label={safe(panel.name)}>
      <h2>
        <span class="name">
          {named && (
            <small>
              <bdi>{safe(panel.job)}</bdi>
            </small>
          )}
          <bdi>{safe(panel.name)}</bdi>
        </span>
        {last !== undefined && (
          <time dateTime={new Date(last.batchTime).toISOString()}>{timeOfDay(last.batchTime)}</time>
        )}
      </h2>
      {last === undefined ? <p class="empty">Nothing yet.</p> : <Shown panel={panel} rows={last.rows} />}
    </article>
  )
}

function Shown({ panel, rows }: { readonly panel: Panel; readonly rows: readonly Row[] }) {
  switch (panel.form) {
    case 'table':
      return <Rows panel={panel} rows={rows} />
    case 'bars':
      return <Bars panel={panel} rows={rows} />
    case 'line':
      return <Lines panel={panel} />
    case 'number':
      return <Figure panel={panel} rows={rows} />
    case 'pictures':
      return <Pictures panel={panel} rows={rows} />
    case 'log':
      return <Log panel={panel} />
  }
}

/** A text of data, as a link where the program says so. */
function Text({ text, href }: { readonly text: string | number; readonly href?: string | undefined }) {
  // A line break of a text is one on the page too; all else that could act is shown as such.
  const shown = <bdi>{typeof text === 'number' ? safe(text) : text.split('\n').map(safe).join('\n')}</bdi>
  return href === undefined ? (
    shown
  ) : (
    <a href={href} rel="noopener noreferrer nofollow" target="_blank" referrerpolicy="no-referrer">
      {shown}
    </a>
  )
}

function Rows({ panel, rows }: { readonly panel: Panel; readonly rows: readonly Row[] }) {
  const numeric = panel.columns.map(
    (_, i) => rows.length > 0 && rows.every(({ cells }) => typeof cells[i] === 'number'),
  )
  return (
    <Table
      label={safe(panel.name)}
      rows={rows.map((row, i) => ({ ...row, i }))}
      rowKey={({ i }) => i}
      pageSize={50}
      empty="Nothing in the last batch."
      columns={panel.columns.map((name, i) => ({
        label: safe(name),
        numeric: numeric[i] === true,
        order: ({ cells }: Row) => cells[i],
        cell: ({ cells, href }: Row) => <Text text={cells[i] ?? ''} href={i === 0 ? href : undefined} />,
      }))}
    />
  )
}

function numberIn({ cells }: Row): number {
  const value = cells.at(-1)
  return typeof value === 'number' ? value : Number(value)
}

function Bars({ panel, rows }: { readonly panel: Panel; readonly rows: readonly Row[] }) {
  const most = Math.max(...rows.map(numberIn).filter(Number.isFinite), 0)
  return (
    <ol class="bars">
      {rows.map((row, i) => {
        const value = numberIn(row)
        const share = most > 0 && value > 0 ? (value / most) * 100 : 0
        return (
          <li key={i}>
            <span class="label">
              <Text text={row.cells[0] ?? ''} href={row.href} />
            </span>
            <span class="track" aria-hidden="true">
              <i style={{ width: `${share}%` }} />
            </span>
            <span class="value">
              {safe(row.cells.at(-1) ?? '')}{' '}
              <small>{i === 0 && panel.unit !== undefined ? safe(panel.unit) : ''}</small>
            </span>
          </li>
        )
      })}
    </ol>
  )
}

const MOST_LINES = 8

function Lines({ panel }: { readonly panel: Panel }) {
  const labels = [...new Set(panel.batches.flatMap(({ rows }) => rows.map(({ cells }) => String(cells[0]))))].slice(
    0,
    MOST_LINES,
  )
  const series: Series[] = labels.map((label) => ({
    label: label === '' ? (panel.unit ?? panel.name) : safe(label),
    form: labels.length === 1 ? 'area' : 'line',
    values: panel.batches.map(({ rows }) => {
      const row = rows.find(({ cells }) => String(cells[0]) === label)
      const value = row === undefined ? NaN : numberIn(row)
      return Number.isFinite(value) ? value : null
    }),
  }))
  const last = series.map(({ label, values }) => `${label} ${compact(values.at(-1) ?? 0)}`).join(', ')
  return (
    <>
      {series.length === 1 && (
        <p class="last">
          <strong>{compact(series[0]!.values.at(-1) ?? 0)}</strong> {panel.unit !== undefined && safe(panel.unit)}
        </p>
      )}
      <Chart
        label={`${safe(panel.name)}: last ${last}`}
        times={panel.batches.map(({ batchTime }) => batchTime)}
        series={series}
        format={compact}
        height={168}
        legend={series.length > 1}
      />
    </>
  )
}

function Figure({ panel, rows }: { readonly panel: Panel; readonly rows: readonly Row[] }) {
  const [row] = rows
  return (
    <p class="big">
      <strong>{row === undefined ? '–' : safe(row.cells.at(-1) ?? '')}</strong>{' '}
      {panel.unit !== undefined && <span>{safe(panel.unit)}</span>}
    </p>
  )
}

/** Only addresses of the web are pictures; which hosts may be asked is the policy of the page. */
function Pictures({ panel, rows }: { readonly panel: Panel; readonly rows: readonly Row[] }) {
  return (
    <ol class="pictures">
      {rows.map((row, i) => {
        const address = String(row.cells[0])
        const caption = `${safe(row.cells.at(-1) ?? '')}${panel.unit === undefined ? '' : ` ${safe(panel.unit)}`}`
        const picture = isPicture(address) ? (
          <img src={address} alt={caption} loading="lazy" decoding="async" referrerpolicy="no-referrer" />
        ) : (
          <span class="none">no picture</span>
        )
        return (
          <li key={`${i} ${address}`}>
            {row.href === undefined ? (
              picture
            ) : (
              <a href={row.href} rel="noopener noreferrer nofollow" target="_blank" referrerpolicy="no-referrer">
                {picture}
              </a>
            )}
            <span aria-hidden="true">{caption}</span>
          </li>
        )
      })}
    </ol>
  )
}

function isPicture(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
}

function Log({ panel }: { readonly panel: Panel }) {
  return (
    <div class="log" role="log" aria-label={safe(panel.name)} tabIndex={0}>
      {panel.batches.toReversed().map(({ batchTime, rows }) => (
        <div key={batchTime}>
          <time dateTime={new Date(batchTime).toISOString()}>{timeOfDay(batchTime)}</time>
          {rows.map((row, i) => (
            <p key={i}>
              <Text text={row.cells.join('  ')} href={row.href} />
            </p>
          ))}
        </div>
      ))}
    </div>
  )
}
