import { parseArgs } from 'node:util'

export interface Options {
  readonly command: string
  readonly job: string | undefined
  /** The second place of `adopt`, the folder of `pack`. */
  readonly target: string | undefined
  /** The arguments of the job. */
  readonly args: readonly string[]
  readonly master: string | undefined
  readonly name: string | undefined
  readonly sparkHome: string | undefined
  readonly nodeArchive: string | undefined
  readonly deployMode: string
  readonly staging: string | undefined
  readonly supervise: boolean
  readonly conf: readonly string[]
  readonly env: readonly string[]
  readonly help: boolean
}

/** A command line that cannot be followed. */
export class Misused extends Error {}

/** The commands with two places. */
const TWO_PLACES = new Set(['adopt', 'pack'])

/** Reads a command line; what stands behind `--` is for the job. @throws {Misused} */
export function optionsOf(args: readonly string[]): Options {
  const end = args.indexOf('--')
  const [own, rest] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end + 1)]
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      allowPositionals: true,
      options: {
        master: { type: 'string' },
        name: { type: 'string' },
        'spark-home': { type: 'string' },
        'node-archive': { type: 'string' },
        'deploy-mode': { type: 'string' },
        staging: { type: 'string' },
        supervise: { type: 'boolean' },
        conf: { type: 'string', multiple: true },
        env: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const [command = '', job, ...others] = positionals
    const [target, ...more] = TWO_PLACES.has(command) ? others : [undefined, ...others]
    if (more.length > 0) throw new Misused(`"${more.join(' ')}" is too much; arguments of the job stand behind --`)
    return {
      command,
      job,
      target,
      args: rest,
      master: values.master,
      name: values.name,
      sparkHome: values['spark-home'],
      nodeArchive: values['node-archive'],
      deployMode: values['deploy-mode'] ?? 'client',
      staging: values.staging,
      supervise: values.supervise === true,
      conf: values.conf ?? [],
      env: values.env ?? [],
      help: values.help === true,
    }
  } catch (error) {
    throw error instanceof Misused ? error : new Misused((error as Error).message)
  }
}

/** Returns the variables of `--env`: `NAME` takes that of this process, `NAME=value` sets it. @throws {Misused} */
export function variablesOf(env: readonly string[], here: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    env.map((entry) => {
      const at = entry.indexOf('=')
      const name = at === -1 ? entry : entry.slice(0, at)
      const value = at === -1 ? here[name] : entry.slice(at + 1)
      if (value === undefined)
        throw new Misused(`--env ${name}: there is no variable of that name here; give ${name}=value`)
      return [name, value]
    }),
  )
}
