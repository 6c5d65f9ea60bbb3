import { useState } from 'preact/hooks'
import type { PageProps } from '../page-props.js'
import { bytes, compact, count, dateTime, duration, plural, safe, spent } from '../format.js'
import type { PlanNode } from '../messages.js'
import { layout, NODE_HEIGHT, NODE_WIDTH, type Placed } from './plan-layout.js'

export function PlanPage({ job: { plan, batchMs } }: PageProps) {
  const [chosen, choose] = useState<string | undefined>(undefined)
  const picture = layout(plan.nodes)
  const node = plan.nodes.find(({ id }) => id === chosen)
  return (
    <>
      <h1>Plan</h1>
      <p class="lead">
        Each operator with its records and its time in the last batch
        {plan.batchTime !== undefined && <>, {dateTime(plan.batchTime, batchMs)}</>}. Operators that run in one loop
        share the time of its last one. Choose one for its place in the program.
      </p>
      <div class="plan">
        <div class="scroll" role="region" aria-label="The graph of operators" tabIndex={0}>
          <svg
            width={picture.width}
            height={picture.height}
            viewBox={`0 0 ${picture.width} ${picture.height}`}
            role="group"
            aria-label="Operators"
          >
            {picture.edges.map(({ from, to }) => (
              <Edge key={`${from.node.id} ${to.node.id}`} from={from} to={to} />
            ))}
            {picture.nodes.map((placed) => (
              <Node key={placed.node.id} placed={placed} isChosen={placed.node.id === chosen} choose={choose} />
            ))}
          </svg>
        </div>
        {node !== undefined && <Details node={node} close={() => choose(undefined)} />}
      </div>
    </>
  )
}

function Edge({ from, to }: { readonly from: Placed; readonly to: Placed }) {
  const [x1, y1] = [from.x + NODE_WIDTH / 2, from.y + NODE_HEIGHT]
  const [x2, y2] = [to.x + NODE_WIDTH / 2, to.y]
  const bend = Math.max(24, (y2 - y1) / 2)
  const given = from.node.recordsOut
  return (
    <g class="edge" aria-hidden="true">
      <path d={`M${x1},${y1} C${x1},${y1 + bend} ${x2},${y2 - bend} ${x2},${y2}`} />
      {given !== undefined && (
        <text x={(x1 + x2) / 2} y={(y1 + y2) / 2 + 4} text-anchor="middle">
          {compact(given)}
        </text>
      )}
    </g>
  )
}

/** Cuts a text that would run out of its box. */
function short(text: string, length: number): string {
  const shown = safe(text)
  return shown.length > length ? `${shown.slice(0, length - 1)}…` : shown
}

interface NodeProps {
  readonly placed: Placed
  readonly isChosen: boolean
  readonly choose: (id: string) => void
}

function Node({ placed: { node, x, y }, isChosen, choose }: NodeProps) {
  const kind = node.source ? 'source' : node.output ? 'output' : node.stateful ? 'stateful' : ''
  const facts = factsOf(node)
  return (
    <g
      class={`node ${kind} ${isChosen ? 'chosen' : ''}`}
      transform={`translate(${x} ${y})`}
      role="button"
      // In SVG the names of attributes have a case.
      tabindex={0}
      aria-pressed={isChosen}
      onClick={() => choose(node.id)}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        choose(node.id)
      }}
    >
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={8} />
      <rect class="side" width={5} height={NODE_HEIGHT} rx={2} />
      <text class="name" x={16} y={22}>
        {short(node.name === node.id ? node.id : node.name, 25)}
      </text>
      <text class="where" x={16} y={39}>
        {short(node.definedAt.short, 32)}
      </text>
      <text class="facts" x={16} y={56}>
        {short(facts, 32)}
      </text>
      <text class="facts" x={16} y={73}>
        {short(costsOf(node), 32)}
      </text>
    </g>
  )
}

function factsOf({ recordsIn, recordsOut, keys, output, source, lastDurationMs }: PlanNode): string {
  if (output) return lastDurationMs === undefined ? 'not run yet' : `took ${duration(lastDurationMs)}`
  if (source) return recordsOut === undefined ? 'nothing yet' : `${compact(recordsOut)} records`
  if (keys !== undefined) return `${compact(keys)} keys`
  const shown = (records: number | undefined): string => (records === undefined ? '–' : compact(records))
  return `${shown(recordsIn)} in, ${shown(recordsOut)} out`
}

/** An operator in the loop of another one may have taken time outside of it, as a state that is updated has. */
const WORTH_MS = 0.1

/** Returns the time of an operator, and what it holds. */
function costsOf({ spentMs, loop, bytes: size, rememberedBatches, output }: PlanNode): string {
  if (output) return ''
  const parts = [
    loop === undefined || (spentMs ?? 0) >= WORTH_MS ? spent(spentMs) : `loop of ${loop}`,
    ...(size === undefined ? [] : [bytes(size)]),
    ...(rememberedBatches === undefined ? [] : [plural(rememberedBatches, 'batch', 'batches')]),
  ]
  return parts.join(' · ')
}

function Details({ node, close }: { readonly node: PlanNode; readonly close: () => void }) {
  const params = Object.entries(node.params)
  return (
    <aside class="card" aria-label={`Details of ${safe(node.id)}`}>
      <h2>
        <bdi>{safe(node.name)}</bdi>
        <button type="button" class="close" aria-label="Close the details" onClick={close}>
          ×
        </button>
      </h2>
      <dl class="facts">
        <dt>Id</dt>
        <dd>
          <code>{safe(node.id)}</code>
        </dd>
        <dt>Kind</dt>
        <dd>
          <code>{safe(node.kind)}</code>
        </dd>
        <dt>Every</dt>
        <dd>{duration(node.slideMs)}</dd>
        <dt>Remembers</dt>
        <dd>
          {duration(node.rememberMs)}
          {node.rememberedBatches !== undefined &&
            `, ${plural(node.rememberedBatches, 'batch', 'batches')} at the moment`}
        </dd>
        <Costs node={node} />
        {node.keys !== undefined && (
          <>
            <dt>Keys</dt>
            <dd>{count(node.keys)}</dd>
          </>
        )}
        {params.map(([name, value]) => (
          <>
            <dt>{safe(name)}</dt>
            <dd>
              <code>{safe(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))}</code>
            </dd>
          </>
        ))}
      </dl>
      <h3>Defined at</h3>
      <pre>{node.definedAt.long.split('\n').map(safe).join('\n') || node.definedAt.short}</pre>
    </aside>
  )
}

/** The time of an operator, and its bytes. */
function Costs({ node }: { readonly node: PlanNode }) {
  return (
    <>
      {!node.output && (
        <>
          <dt>Time</dt>
          <dd>
            {spent(node.spentMs)}
            {node.loop !== undefined && (
              <>
                {' '}
                and a part of the loop of <code>{safe(node.loop)}</code>
              </>
            )}
          </dd>
        </>
      )}
      {node.bytes !== undefined && (
        <>
          <dt>{node.source ? 'Received' : 'Size'}</dt>
          <dd>{bytes(node.bytes)}</dd>
        </>
      )}
      <dt>Records</dt>
      <dd>
        {count(node.recordsIn)} in, {count(node.recordsOut)} out
      </dd>
    </>
  )
}
