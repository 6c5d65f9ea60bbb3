import { useAnswer } from '../answers.js'
import type { PageProps } from '../page-props.js'
import { duration, safe } from '../format.js'
import { Table } from '../table.js'

interface Environment {
  readonly options: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  readonly process: { readonly pid: number; readonly uptimeSeconds: number; readonly argv: readonly string[] }
}

export function EnvironmentPage({ job }: PageProps) {
  const { answer } = useAnswer<Environment>(`/api/v1/applications/${encodeURIComponent(job.id)}/environment`)
  const { options = {}, versions = {} } = answer ?? {}
  const running = answer?.process
  const about = running && {
    Program: running.argv.join(' '),
    'Process id': String(running.pid),
    'Up for': duration(running.uptimeSeconds * 1000),
  }
  return (
    <>
      <h1>Environment</h1>
      <Facts title="Options" facts={options} />
      <Facts title="Versions" facts={versions} />
      <Facts title="Process" facts={about ?? {}} />
      <p class="muted">Values that look secret are masked, and environment variables are not shown.</p>
    </>
  )
}

function Facts({ title, facts }: { readonly title: string; readonly facts: Readonly<Record<string, string>> }) {
  return (
    <section>
      <h2>{title}</h2>
      <Table
        label={title}
        rows={Object.entries(facts)}
        rowKey={([name]) => name}
        pageSize={100}
        columns={[
          { label: 'Name', cell: ([name]) => safe(name), order: ([name]) => name },
          { label: 'Value', cell: ([, value]) => <code>{safe(value)}</code> },
        ]}
      />
    </section>
  )
}
