import type { PageProps } from '../page-props.js'
import { Described } from './batch.js'
import { bytes, compact, count, dateTime, plural, safe } from '../format.js'
import type { Source } from '../messages.js'

export function SourcesPage({ job }: PageProps) {
  return (
    <>
      <h1>Sources</h1>
      <div class="cards wide">
        {job.sources.map((source) => (
          <SourceCard key={source.streamId} source={source} />
        ))}
      </div>
    </>
  )
}

function SourceCard({ source }: { readonly source: Source }) {
  const { name, operator, hasReceiver, active, records, restarts, errors, buffer, rateLimit } = source
  const { files, lastInput } = source
  return (
    <article class="card" aria-label={safe(name)}>
      <h2>
        <bdi>{safe(name)}</bdi>{' '}
        <span class={active ? 'badge good' : 'badge bad'}>{active ? 'Active' : 'Inactive'}</span>
      </h2>
      <dl class="facts">
        <dt>Operator</dt>
        <dd>
          <code>{safe(operator)}</code>
        </dd>
        <dt>Records in all</dt>
        <dd>{count(records)}</dd>
        {hasReceiver && (
          <>
            <dt>Restarts, errors</dt>
            <dd>
              {count(restarts)}, {count(errors)}
            </dd>
          </>
        )}
        <dt>Rate limit</dt>
        <dd>{rateLimit === undefined ? 'none' : `${compact(rateLimit)} records/s`}</dd>
        <Reach source={source} />
        {lastInput !== undefined && (
          <>
            <dt>Input of the last batch</dt>
            <dd>{lastInput.split('\n').map(safe).join(', ')}</dd>
          </>
        )}
      </dl>
      {buffer !== undefined && (
        <>
          <Fill name="Records held" used={buffer.records} most={buffer.maxRecords} format={count} />
          <Fill name="Bytes held" used={buffer.bytes} most={buffer.maxBytes} format={bytes} />
        </>
      )}
      {files !== undefined && files.numPassedOver > 0 && <PassedOver files={files} />}
      <LastError source={source} />
    </article>
  )
}

/** How far a source has been read. */
function Reach({ source: { lag, files, position } }: { readonly source: Source }) {
  return (
    <>
      {lag !== undefined && (
        <>
          <dt>Not read yet</dt>
          <dd>{lagText(lag)}</dd>
        </>
      )}
      {files !== undefined && (
        <>
          <dt>Files read</dt>
          <dd>{count(files.read)}</dd>
        </>
      )}
      {position !== undefined && (
        <>
          <dt>Position</dt>
          <dd>
            <code>{safe(position)}</code>
          </dd>
        </>
      )}
    </>
  )
}

function lagText({ records, bytes: size, files }: NonNullable<Source['lag']>): string {
  const parts = [
    ...(records === undefined ? [] : [plural(records, 'record')]),
    ...(size === undefined ? [] : [bytes(size)]),
    ...(files === undefined ? [] : [plural(files, 'file')]),
  ]
  return parts.join(', ')
}

/** The files that are there and not read, with the reasons. */
function PassedOver({ files: { passedOver, numPassedOver } }: { readonly files: NonNullable<Source['files']> }) {
  const others = numPassedOver - passedOver.length
  return (
    <details>
      <summary>{plural(numPassedOver, 'file')} passed over</summary>
      <ul>
        {passedOver.map(({ path, reason }) => (
          <li key={path}>
            <code>{safe(path)}</code>: {reason}
          </li>
        ))}
        {others > 0 && <li>and {count(others)} more</li>}
      </ul>
    </details>
  )
}

interface FillProps {
  readonly name: string
  readonly used: number
  readonly most: number | undefined
  readonly format: (value: number) => string
}

function Fill({ name, used, most, format }: FillProps) {
  return (
    <div class="fill">
      <span>{name}</span>
      <meter min={0} max={most ?? Math.max(used, 1)} value={used} aria-label={name} />
      <span>
        {format(used)}
        {most !== undefined && ` of ${format(most)}`}
      </span>
    </div>
  )
}

function LastError({ source: { lastErrorTime, lastErrorMessage, lastError } }: { readonly source: Source }) {
  if (lastErrorTime < 0) return <p class="muted">No error so far.</p>
  return (
    <div class="bad">
      <p>Last error, {dateTime(lastErrorTime)}</p>
      <Described text={cut(lastErrorMessage)} more={lastError} />
    </div>
  )
}

/** Cuts a message as Spark's page does. */
function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 97)}...` : text
}
