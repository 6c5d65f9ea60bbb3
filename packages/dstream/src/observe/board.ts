/** The forms in which a panel shows what a stream gives. */
export const PANEL_FORMS = ['table', 'bars', 'line', 'number', 'pictures', 'log'] as const

export type PanelForm = (typeof PANEL_FORMS)[number]

/** One record as a panel shows it: text and numbers only, so that a page never interprets data. */
export interface PanelRow {
  /** The cells of a table; the key and the value in every other form. */
  readonly cells: readonly (string | number)[]
  /** The address that the row leads to: http or https, or none. */
  readonly href?: string
}

/** The definition of a panel. */
export interface PanelSpec {
  readonly name: string
  readonly form: PanelForm
  readonly unit?: string | undefined
  /** How many rows are kept: of the last batch, or of all batches where the form is `log`. */
  readonly limit: number
}

/** The rows that one batch has given to a panel. */
export interface PanelBatch {
  readonly batchTime: number
  readonly rows: readonly PanelRow[]
}

/** A panel with what it shows now. */
export interface Panel extends PanelSpec {
  /** The place of the panel in order of definition, from 0. */
  readonly index: number
  /** The names of the columns of a table; empty in every other form. */
  readonly columns: readonly string[]
  /** The last batch that gave rows; `line` and `log` keep earlier ones too, oldest first. */
  readonly batches: readonly PanelBatch[]
  /** Grows with every change. */
  readonly version: number
}

/** The batches that a line shows. */
const LINE_BATCHES = 300

/** Keeps what the outputs of a job show, panel by panel. */
export class Board {
  readonly #panels: Panel[] = []
  #version = 0
  /** Called after each change. */
  onChange: (() => void) | undefined

  /** All panels, in order of definition. */
  get panels(): readonly Panel[] {
    return this.#panels
  }

  /** Adds a panel; returns its index. */
  define(spec: PanelSpec): number {
    const index = this.#panels.length
    this.#panels.push({ ...spec, index, columns: [], batches: [], version: ++this.#version })
    return index
  }

  /** Shows the rows of a batch. Rows that come once more, in a second attempt, replace those of the first. */
  show(index: number, batch: PanelBatch, columns: readonly string[] = []): void {
    const panel = this.#panels[index]!
    const earlier = panel.batches.filter(({ batchTime }) => batchTime < batch.batchTime)
    this.#panels[index] = { ...panel, columns, batches: kept(panel, [...earlier, batch]), version: ++this.#version }
    this.onChange?.()
  }

  /** Returns the panels that have changed after a version. */
  since(version: number): readonly Panel[] {
    return this.#panels.filter((panel) => panel.version > version)
  }

  get version(): number {
    return this.#version
  }
}

function kept({ form, limit }: PanelSpec, batches: readonly PanelBatch[]): readonly PanelBatch[] {
  if (form === 'line') return batches.slice(-LINE_BATCHES)
  if (form !== 'log') return batches.slice(-1)
  let rows = 0
  const from = batches.findLastIndex((batch) => (rows += batch.rows.length) >= limit)
  return batches.slice(Math.max(from, 0)).filter((batch) => batch.rows.length > 0)
}
