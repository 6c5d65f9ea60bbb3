import { pathToFileURL } from 'node:url'
import { SparkFiles } from '../src/runner/spark-files.js'
import { builtFiles } from './built-files.js'

/** A store that checkpoints and saved files may lie at. */
export interface Store {
  /** The URI of its root, once it is there. */
  readonly uri: string
  /** The settings of Spark with which it is reached, once it is there. */
  readonly conf: readonly string[]
  /** Starts it, or brings it back with what it has. */
  start(): Promise<void>
  /** Takes it away. */
  kill(): Promise<void>
  end(): Promise<void>
}

/** A folder of this machine, which is there anyway. */
export function localStore(folder: string): Store {
  const nothing = (): Promise<void> => Promise.resolve()
  return { uri: pathToFileURL(folder).href, conf: [], start: nothing, kill: nothing, end: nothing }
}

/** Returns the file systems of Spark with the settings of a store, which is started before the first call. */
export function filesOf(store: Store): SparkFiles {
  return new SparkFiles((onEnd) => builtFiles(store.conf)(onEnd))
}

/** Returns the settings of a store as options of the command. */
export function optionsOf({ conf }: Store): readonly string[] {
  return conf.flatMap((setting) => ['--conf', setting])
}
