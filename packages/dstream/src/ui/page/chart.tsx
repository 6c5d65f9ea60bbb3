import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { timeOfDay } from './format.js'

/** Colours of lines, in order; each is a variable of the style sheet. */
const COLOURS = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6', '--line-7', '--line-8']

export interface Series {
  readonly label: string
  /** `null` is a gap. */
  readonly values: readonly (number | null)[]
  readonly form?: 'area' | 'line' | 'dashed' | 'dots'
  readonly colour?: string
}

interface ChartProps {
  /** A sentence for those who do not see the chart. */
  readonly label: string
  /** Batch times in milliseconds, ascending. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  readonly height?: number
  /** The end of the scale at least; charts that are compared share it. */
  readonly max?: number | undefined
  readonly onPick?: ((time: number) => void) | undefined
  readonly legend?: boolean
}

/** A chart over batch time. */
export function Chart({ label, times, series, format, height = 132, max, onPick, legend = false }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const note = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useRef({ times, series, format, max, onPick })
  latest.current = { times, series, format, max, onPick }
  const shape = series.map(({ label: name, form, colour }) => `${name} ${form} ${colour}`).join('|')

  useEffect(() => {
    const element = box.current!
    const make = (): void => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(element, height, latest, note.current!), dataOf(latest.current), element)
    }
    make()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', make)
    addEventListener('dstream-theme', make)
    return () => {
      resized.disconnect()
      dark.removeEventListener('change', make)
      removeEventListener('dstream-theme', make)
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [shape, height])

  useEffect(() => plot.current?.setData(dataOf(latest.current)))

  return (
    <figure class="chart">
      <div
        ref={box}
        role="img"
        aria-label={label}
        class={onPick === undefined ? '' : 'pick'}
        style={{ height: `${height}px` }}
      />
      <div ref={note} class="note" hidden />
      {legend && (
        <figcaption class="legend">
          {series.map(({ label: name, colour }, i) => (
            <span key={name}>
              <i style={{ background: `var(${colour ?? COLOURS[i % COLOURS.length]})` }} />
              <bdi>{name}</bdi>
            </span>
          ))}
        </figcaption>
      )}
    </figure>
  )
}

type Latest = Pick<ChartProps, 'times' | 'series' | 'format' | 'max' | 'onPick'>

function dataOf({ times, series }: Latest): uPlot.AlignedData {
  return [times.map((time) => time / 1000), ...series.map(({ values }) => values as (number | null)[])]
}

function colourOf(element: Element, name: string): string {
  return getComputedStyle(element).getPropertyValue(name).trim()
}

function optionsOf(
  element: HTMLElement,
  height: number,
  latest: { readonly current: Latest },
  note: HTMLElement,
): uPlot.Options {
  const grid = colourOf(element, '--grid')
  const text = colourOf(element, '--muted')
  const font = '11px system-ui, sans-serif'
  return {
    width: Math.max(element.clientWidth, 60),
    height,
    legend: { show: false },
    cursor: { points: { size: 6 }, y: false, drag: { x: false, y: false } },
    padding: [8, 10, 0, 0],
    scales: {
      y: { range: (_, __, most) => [0, Math.max(latest.current.max ?? 0, (most ?? 0) * 1.08) || 1] },
    },
    axes: [
      {
        stroke: text,
        font,
        size: 26,
        grid: { show: false },
        ticks: { show: false },
        space: 70,
        values: (_, splits) => splits.map((seconds) => timeOfDay(seconds * 1000)),
      },
      {
        stroke: text,
        font,
        size: 62,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        space: 26,
        values: (_, splits) => splits.map((value) => latest.current.format(value)),
      },
    ],
    series: [{}, ...latest.current.series.map((one, i) => seriesOf(element, one, i))],
    hooks: {
      setCursor: [(plot) => showNote(plot, latest.current, note)],
      ready: [(plot) => plot.over.addEventListener('click', () => pick(plot, latest.current))],
    },
  }
}

function seriesOf(element: Element, { label, form = 'line', colour }: Series, index: number): uPlot.Series {
  const stroke = colourOf(element, colour ?? COLOURS[index % COLOURS.length]!)
  if (form === 'dots') return { label, stroke, width: 0, points: { show: true, size: 7, fill: stroke } }
  if (form === 'dashed') return { label, stroke, width: 1, dash: [5, 4], points: { show: false } }
  const base: uPlot.Series = { label, stroke, width: 1.75, points: { show: false } }
  return form === 'area' ? { ...base, fill: `${stroke}24` } : base
}

function pick(plot: uPlot, { times, onPick }: Latest): void {
  const time = times[plot.cursor.idx ?? -1]
  if (time !== undefined) onPick?.(time)
}

/** Says what is under the pointer. The text is set as text: names of series come from data. */
function showNote(plot: uPlot, { times, series, format }: Latest, note: HTMLElement): void {
  const { idx, left = -1 } = plot.cursor
  note.hidden = idx == null || left < 0
  if (note.hidden) return
  const values = series
    .filter(({ values: all }) => all[idx!] != null)
    .map(({ label, values: all }) => `${label} ${format(all[idx!]!)}`)
  note.textContent = [timeOfDay(times[idx!]!, 1), ...values].join('\n')
  const isRight = left > plot.over.clientWidth / 2
  note.style.left = isRight ? 'auto' : `${left + 78}px`
  note.style.right = isRight ? `${plot.over.clientWidth - left + 22}px` : 'auto'
}

interface HistogramProps {
  readonly label: string
  readonly values: readonly number[]
  readonly format: (value: number) => string
  readonly max: number
  /** A bound that is marked, such as the batch interval. */
  readonly mark?: { readonly at: number; readonly label: string }
}

const BINS = 10

/** The distribution of a figure over batches, in ten bins. */
export function Histogram({ label, values, format, max, mark }: HistogramProps) {
  const top = max > 0 ? max : 1
  const counts = new Array<number>(BINS).fill(0)
  for (const value of values) counts[Math.min(BINS - 1, Math.floor((value / top) * BINS))]!++
  const most = Math.max(...counts, 1)
  const bounds = (bin: number): string => `${format((bin * top) / BINS)} – ${format(((bin + 1) * top) / BINS)}`
  return (
    <div class="histogram" role="img" aria-label={`${label}: ${textOf(counts, bounds)}`}>
      {counts.toReversed().map((n, i) => {
        const bin = BINS - 1 - i
        const share = values.length === 0 ? 0 : Math.round((n / values.length) * 100)
        return (
          <div key={bin} class="bin" title={`${n} batches (${share} %), ${bounds(bin)}`}>
            <i style={{ width: `${(n / most) * 100}%` }} />
            <span>{n === 0 ? '' : n}</span>
          </div>
        )
      })}
      {mark !== undefined && mark.at < top && (
        <div class="mark" style={{ bottom: `${(mark.at / top) * 100}%` }}>
          <span>{mark.label}</span>
        </div>
      )}
    </div>
  )
}

function textOf(counts: readonly number[], bounds: (bin: number) => string): string {
  const filled = counts.flatMap((n, bin) => (n === 0 ? [] : [`${n} batches in ${bounds(bin)}`]))
  return filled.length === 0 ? 'no batches yet' : filled.join(', ')
}
