import { useEffect, useLayoutEffect, useReducer, useState } from 'preact/hooks'
import { BatchPage } from './views/batch.js'
import { BoardPage } from './views/board.js'
import { EnvironmentPage } from './views/environment.js'
import { dateTime, duration, plural, safe, timeOfDay } from './format.js'
import type { Progress, Work } from './messages.js'
import type { PageProps } from './page-props.js'
import { Link, pathOf, useLocation } from './navigation.js'
import { PlanPage } from './views/plan.js'
import { SourcesPage } from './views/sources.js'
import { StatePage } from './views/state.js'
import { StoragePage } from './views/storage.js'
import type { Store } from './store.js'
import { StreamingPage } from './views/streaming.js'

const PAGES = [
  { path: '/streaming/', label: 'Streaming', Page: StreamingPage },
  { path: '/board/', label: 'Board', Page: BoardPage },
  { path: '/plan/', label: 'Plan', Page: PlanPage },
  { path: '/state/', label: 'State', Page: StatePage },
  { path: '/sources/', label: 'Sources', Page: SourcesPage },
  { path: '/storage/', label: 'Storage', Page: StoragePage },
  { path: '/environment/', label: 'Environment', Page: EnvironmentPage },
] as const

const PHASES: Readonly<Record<Progress['phase'], string>> = {
  starting: 'Starting',
  'catching-up': 'Catching up',
  running: 'Running',
  stopping: 'Stopping',
  stopped: 'Stopped',
  failed: 'Failed',
}

export function App({ store }: { readonly store: Store }) {
  const [, draw] = useReducer((n: number) => n + 1, 0)
  // Before the event loop turns: a later effect would miss a message that comes in between.
  useLayoutEffect(() => store.subscribe(() => draw(undefined as never)), [store])
  const path = useLocation().pathname.replace(/\/?$/, '/')
  const page = PAGES.find((one) => path === one.path) ?? PAGES[0]
  const { job } = store
  useEffect(() => {
    document.title = job === undefined ? 'dstream' : `${page.label} · ${safe(job.name)}`
  }, [page.label, job?.name])
  const Page = path === '/streaming/batch/' ? BatchPage : page.Page
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header store={store} current={page.path} />
      <main id="content" tabIndex={-1}>
        <Notices store={store} />
        {job === undefined ? <p class="empty">Waiting for the job …</p> : <Page store={store} job={job} />}
      </main>
    </>
  )
}

function Header({ store, current }: { readonly store: Store; readonly current: string }) {
  const { job, lostSince } = store
  const phase = lostSince === undefined ? job?.progress.phase : undefined
  return (
    <header>
      <div class="title">
        <Link to={pathOf('/streaming/')} class="mark">
          <img src="/assets/icon.svg" alt="" width={24} height={24} />
          <span>dstream</span>
        </Link>
        {job !== undefined && <JobName store={store} job={job} />}
        <span class={`phase ${phase ?? 'lost'}`} role="status">
          {phase === undefined ? 'Not connected' : PHASES[phase]}
        </span>
        <Theme />
      </div>
      <nav aria-label="Pages">
        {PAGES.map(({ path, label }) => (
          <Link key={path} to={pathOf(path)} current={path === current}>
            {label}
          </Link>
        ))}
      </nav>
    </header>
  )
}

function JobName({ store, job }: PageProps) {
  if (job.apps.length < 2) return <bdi class="job">{safe(job.name)}</bdi>
  return (
    <select aria-label="Job" value={job.name} onChange={(event) => store.choose(event.currentTarget.value)}>
      {job.apps.map(({ id, name }) => (
        <option key={id} value={name}>
          {safe(name)}
        </option>
      ))}
    </select>
  )
}

/** What a reader must know before the figures. The room of the connection notice is above the page, so nothing jumps. */
function Notices({ store }: { readonly store: Store }) {
  const { job, lostSince, restartedAt } = store
  const progress = job?.progress
  return (
    <div aria-live="polite">
      {lostSince !== undefined && job !== undefined && (
        <p class="notice warn">
          The job has not answered since {timeOfDay(lostSince)}. What you see is what it said last; the page connects
          again by itself.
        </p>
      )}
      {restartedAt !== undefined && lostSince === undefined && (
        <p class="notice">The job has restarted at {dateTime(restartedAt)}. Charts show a gap there.</p>
      )}
      {progress?.failure !== undefined && <p class="notice bad">The job has failed: {safe(progress.failure)}</p>}
      {progress !== undefined && progress.remainingBatches > 2 && <CatchingUp progress={progress} />}
      {progress?.work.map((work) => (
        <LongWork key={work.name} work={work} />
      ))}
    </div>
  )
}

function LongWork({ work: { name, done, total, unit, remainingMs } }: { readonly work: Work }) {
  const left = remainingMs === undefined ? '' : `, about ${duration(remainingMs)} left`
  return (
    <p class="notice">
      {name}: {done.toLocaleString()} {total !== undefined && `of ${total.toLocaleString()} `}
      {unit}
      {left}
      {total !== undefined && <progress value={done} max={total} aria-label={name} />}
    </p>
  )
}

function CatchingUp({ progress: { remainingBatches, estimatedMs, phase } }: { readonly progress: Progress }) {
  const left = estimatedMs === undefined ? '' : `, about ${duration(estimatedMs)}`
  const doing = phase === 'stopping' ? 'Stopping' : 'Catching up'
  return (
    <p class="notice">
      {doing}: {plural(remainingBatches, 'batch', 'batches')} left{left}.
    </p>
  )
}

const THEMES = ['system', 'light', 'dark'] as const

function Theme() {
  const [theme, setTheme] = useState<string>(() => storedTheme())
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    try {
      localStorage.setItem('dstream-theme', theme)
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    dispatchEvent(new Event('dstream-theme'))
  }, [theme])
  return (
    <select class="theme" aria-label="Colours" value={theme} onChange={(event) => setTheme(event.currentTarget.value)}>
      {THEMES.map((name) => (
        <option key={name} value={name}>
          {name[0]!.toUpperCase() + name.slice(1)}
        </option>
      ))}
    </select>
  )
}

function storedTheme(): string {
  try {
    return localStorage.getItem('dstream-theme') ?? 'system'
  } catch {
    return 'system'
  }
}
