import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Chart, Histogram, type Series } from './chart.js'
import { compact, decimal, duration, mean, plural, safe } from './format.js'
import type { Message, Source } from './messages.js'
import { go, pathOf } from './navigation.js'
import { known, pick, type Place } from './places.js'

interface FiguresProps {
  readonly job: Message
  readonly charted: readonly Place[]
}

/** The input rate, as a timeline and as a histogram, with the sources below it. */
export function InputFigure({ job, charted }: FiguresProps) {
  const input = pick(charted, ({ n }) => (n * 1000) / job.batchMs)
  const most = Math.max(...known(input), 0)
  const receivers = job.sources.filter(({ hasReceiver }) => hasReceiver)
  const active = receivers.filter((source) => source.active).length
  return (
    <Figure
      title="Input rate"
      hint="Records of all sources, divided by the batch interval"
      average={`${decimal(mean(known(input)))} records/s`}
      note={receivers.length === 0 ? undefined : `Receivers: ${active} / ${receivers.length} active`}
      values={input}
      places={charted}
      series={[{ label: 'records/s', values: input, form: 'area', colour: '--line-1' }]}
      format={compact}
      max={most}
    >
      {job.sources.length > 0 && <PerSource job={job} charted={charted} max={most} />}
    </Figure>
  )
}

/** The three durations of Spark's page. They share one scale. */
export function DelayFigures({ job, charted }: FiguresProps) {
  const processing = pick(charted, ({ pd }) => pd)
  const total = pick(charted, ({ td }) => td)
  const max = Math.max(1, ...known(total), ...known(processing))
  const line = (title: string, hint: string, values: readonly (number | null)[], colour: string): FigureProps => ({
    title,
    hint,
    average: duration(mean(known(values))),
    values,
    places: charted,
    series: [{ label: title.toLowerCase(), values, form: 'area', colour }],
    format: duration,
    max,
  })
  const shown = line(
    'Processing time',
    'The time that the outputs of a batch take. Below the interval the job is stable.',
    processing,
    '--line-3',
  )
  const failed = pick(charted, (batch) => (batch.failed > 0 ? batch.pd : undefined))
  const interval = charted.map((place) => ('gap' in place ? null : job.batchMs))
  const marks: Series[] = [
    { label: 'failed', values: failed, form: 'dots', colour: '--bad' },
    // Far above all values the line would only press them down.
    ...(job.batchMs <= max * 4
      ? [{ label: 'interval', form: 'dashed', colour: '--muted', values: interval } as const]
      : []),
  ]
  return (
    <>
      <Figure
        {...line(
          'Scheduling delay',
          'The time from the tick of a batch to its begin',
          pick(charted, ({ sd }) => sd),
          '--line-2',
        )}
      />
      <Figure {...shown} series={[...shown.series, ...marks]} mark={{ at: job.batchMs, label: 'stable' }} />
      <Figure {...line('Total delay', 'The time from the tick of a batch to its end', total, '--line-4')} />
    </>
  )
}

interface FigureProps {
  readonly title: string
  readonly hint: string
  readonly average: string
  readonly note?: string | undefined
  readonly values: readonly (number | null)[]
  readonly places: readonly Place[]
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  readonly max: number
  readonly mark?: { readonly at: number; readonly label: string }
  readonly children?: ComponentChildren
}

function Figure({ title, hint, average, note, values, places, series, format, max, mark, children }: FigureProps) {
  const last = known(values).at(-1)
  const label = `${title} over the last ${values.length} batches: average ${average}, last ${last === undefined ? 'unknown' : format(last)}`
  return (
    <div class="figure">
      <div class="about">
        <h2 title={hint}>{title}</h2>
        <p>
          Average <b>{average}</b>
        </p>
        {note !== undefined && <p>{note}</p>}
      </div>
      <Chart
        label={label}
        times={places.map(({ t }) => t)}
        series={series}
        format={format}
        max={max}
        onPick={(time) => go(pathOf('/streaming/batch/', { id: String(time) }))}
      />
      <Histogram
        label={`${title}, distribution`}
        values={known(values)}
        format={format}
        max={max}
        {...(mark && { mark })}
      />
      {children}
    </div>
  )
}

/** The rate of each source; all share one scale, so that they can be compared. */
function PerSource({
  job,
  charted,
  max,
}: {
  readonly job: Message
  readonly charted: readonly Place[]
  readonly max: number
}) {
  const [open, setOpen] = useState(() => stored())
  const toggle = (event: Event): void => {
    const isOpen = (event.currentTarget as HTMLDetailsElement).open
    setOpen(isOpen)
    try {
      localStorage.setItem('dstream-sources', String(isOpen))
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
  return (
    <details class="per-source" open={open} onToggle={toggle}>
      <summary>{plural(job.sources.length, 'source')}</summary>
      {open &&
        job.sources.map((source, i) => (
          <SourceRate key={source.streamId} {...{ source, job, charted, max, index: i }} />
        ))}
    </details>
  )
}

interface SourceRateProps {
  readonly source: Source
  readonly job: Message
  readonly charted: readonly Place[]
  readonly max: number
  readonly index: number
}

function SourceRate({ source, job, charted, max, index }: SourceRateProps) {
  const values = pick(charted, (batch) => ((batch.in[index] ?? 0) * 1000) / job.batchMs)
  const average = mean(known(values))
  return (
    <div class="figure">
      <div class="about">
        <h3>
          <bdi>{safe(source.name)}</bdi>
        </h3>
        <p>
          Average <b>{decimal(average)} records/s</b>
        </p>
        <p class={source.active ? 'good' : 'bad'}>{source.active ? 'Active' : 'Inactive'}</p>
      </div>
      <Chart
        label={`Input rate of ${safe(source.name)}: average ${decimal(average)} records/s`}
        times={charted.map(({ t }) => t)}
        series={[{ label: 'records/s', values, form: 'area', colour: '--line-1' }]}
        format={compact}
        max={max}
        height={96}
      />
      <Histogram label={`Input rate of ${safe(source.name)}`} values={known(values)} format={compact} max={max} />
    </div>
  )
}

function stored(): boolean {
  try {
    return localStorage.getItem('dstream-sources') === 'true'
  } catch {
    return false
  }
}
