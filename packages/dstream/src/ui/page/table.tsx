import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'

export interface Column<T> {
  readonly label: string
  /** The cell of a row. */
  readonly cell: (row: T) => ComponentChildren
  /** Orders the rows; a column without it cannot be sorted by. */
  readonly order?: (row: T) => number | string | undefined
  readonly numeric?: boolean
  readonly hint?: string
}

interface TableProps<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly rowKey: (row: T) => string | number
  readonly rowClass?: (row: T) => string
  /** The column that orders the rows at first, largest first. */
  readonly orderedBy?: number
  readonly pageSize?: number
  readonly empty?: string
}

/** A table that sorts and pages. It scrolls sideways in a frame of its own where it is wider than the page. */
export function Table<T>({ label, columns, rows, rowKey, rowClass, orderedBy, pageSize = 20, empty }: TableProps<T>) {
  const [order, setOrder] = useState({ column: orderedBy ?? -1, descending: true })
  const [page, setPage] = useState(0)
  if (rows.length === 0) return <p class="empty">{empty ?? 'Nothing yet.'}</p>
  const sorted = order.column < 0 ? rows : sort(rows, columns[order.column]!.order!, order.descending)
  const pages = Math.ceil(sorted.length / pageSize)
  const shownPage = Math.min(page, pages - 1)
  const shown = sorted.slice(shownPage * pageSize, (shownPage + 1) * pageSize)
  const sortBy = (column: number): void =>
    setOrder((was) => ({ column, descending: was.column === column ? !was.descending : true }))
  return (
    <>
      <div class="scroll" role="region" aria-label={label} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column, i) => (
                <Head
                  key={column.label}
                  column={column}
                  direction={order.column !== i ? undefined : order.descending ? 'descending' : 'ascending'}
                  sort={() => sortBy(i)}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)} class={rowClass?.(row)}>
                {columns.map((column) => (
                  <td key={column.label} class={column.numeric === true ? 'number' : undefined}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && <Pager label={label} page={shownPage} pages={pages} total={sorted.length} go={setPage} />}
    </>
  )
}

interface HeadProps<T> {
  readonly column: Column<T>
  readonly direction: JSX.AriaAttributes['aria-sort']
  readonly sort: () => void
}

function Head<T>({ column, direction, sort: sortBy }: HeadProps<T>) {
  const { label, order, numeric, hint } = column
  return (
    <th scope="col" aria-sort={direction} class={numeric === true ? 'number' : undefined} title={hint}>
      {order === undefined ? (
        label
      ) : (
        <button type="button" class="sort" onClick={sortBy}>
          {label}
          <span aria-hidden="true">{direction === undefined ? '' : direction === 'descending' ? ' ▾' : ' ▴'}</span>
        </button>
      )}
    </th>
  )
}

interface PagerProps {
  readonly label: string
  readonly page: number
  readonly pages: number
  readonly total: number
  readonly go: (page: number) => void
}

function Pager({ label, page, pages, total, go }: PagerProps) {
  return (
    <nav class="pager" aria-label={`Pages of ${label}`}>
      <button type="button" disabled={page === 0} onClick={() => go(page - 1)}>
        ← Previous
      </button>
      <span>
        Page {page + 1} of {pages} · {total} rows
      </span>
      <button type="button" disabled={page >= pages - 1} onClick={() => go(page + 1)}>
        Next →
      </button>
    </nav>
  )
}

function sort<T>(
  rows: readonly T[],
  order: (row: T) => number | string | undefined,
  descending: boolean,
): readonly T[] {
  const sign = descending ? -1 : 1
  return rows.toSorted((a, b) => {
    const [x, y] = [order(a), order(b)]
    // A value that is missing comes last in both directions.
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined)
    return x < y ? -sign : x > y ? sign : 0
  })
}
