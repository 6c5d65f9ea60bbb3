import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { isUri } from 'dstream/cluster'
import type { Bundle } from '../job/bundle.js'
import type { Java, Spark } from '../submit/find-spark.js'
import { Misused, type Options } from './options.js'
import { ownFilesJvm, SparkFiles } from '../runner/spark-files.js'
import { SUBMISSION, type Submission } from '../submit/submission.js'
import {
  clusterArguments,
  packageFiles,
  submitted,
  type ClusterFiles,
  type NamedPlace,
  type Place,
} from '../submit/submit-command.js'

/** What a user says about a driver that Spark starts. */
export interface ClusterPlace extends Place {
  /** Where the cluster finds the files; `undefined` where spark-submit brings them there itself. */
  readonly staging: string | undefined
  readonly supervise: boolean
}

/** Returns the place that a command line means. @throws {Misused} where no driver can be started there */
export function clusterPlaceOf(
  place: NamedPlace,
  { staging, supervise }: Pick<Options, 'staging' | 'supervise'>,
  job: string,
): ClusterPlace {
  const { master } = place
  if (master === undefined || master.startsWith('local'))
    throw new Misused(
      `--master is ${master === undefined ? 'missing' : `"${master}"`}, and --deploy-mode cluster starts the driver on a machine of a cluster: give spark://host:7077, yarn or k8s://…`,
    )
  if (staging === undefined && master.startsWith('spark:'))
    throw new Misused(
      '--deploy-mode cluster needs --staging on standalone Spark, which copies no files: give a URI that all its machines can read, such as hdfs://name:8020/staging or file:///shared/staging',
    )
  if (staging !== undefined && !isUri(staging))
    throw new Misused(
      `--staging is "${staging}", not a URI; give hdfs://name:8020/staging or file:///shared/staging, say`,
    )
  const name = place.name ?? basename(job, extname(job))
  return { ...place, master, name, staging: staging?.replace(/\/+$/, ''), supervise }
}

/** Writes what the driver is told beside the job's bundle. Returns the files of a driver, all on this machine. */
export function clusterFiles({ folder, file }: Pick<Bundle, 'folder' | 'file'>, submission: Submission): ClusterFiles {
  const { worker, driver, jar } = packageFiles()
  const told = join(folder, SUBMISSION)
  writeFileSync(told, JSON.stringify(submission))
  return { job: file, worker, driver, submission: told, jar }
}

/** Copies the files of a driver to a folder, for an image of containers. */
export function packInto(folder: string, files: ClusterFiles): readonly string[] {
  mkdirSync(folder, { recursive: true })
  return Object.values(files).map((file: string) => {
    const target = join(folder, basename(file))
    copyFileSync(file, target)
    return target
  })
}

/** Whether the files are in the image of the containers already. */
export function isInImage({ staging }: Pick<ClusterPlace, 'staging'>): boolean {
  return staging?.startsWith('local:') === true
}

/** Says how the files of a submission come to the cluster. */
export function aboutStaging(place: ClusterPlace): readonly string[] {
  const { staging } = place
  if (isInImage(place)) return ['', `The image of the containers holds the files of "dstream-spark pack" in ${staging}`]
  const bundle = 'dstream-spark submit makes these files of the job'
  if (staging === undefined) return ['', `${bundle}, and spark-submit brings them to the cluster`]
  return ['', `${bundle}, and copies them to ${staging} before it starts this line`]
}

/**
 * Returns the files and the place as the cluster sees them. Below a staging URI they have a folder that is named by what they hold: one
 * of another job is never written over, and the same job is not copied twice.
 */
export function stagedAt(
  place: ClusterPlace,
  files: ClusterFiles,
): { readonly place: ClusterPlace; readonly files: ClusterFiles; readonly copies: ReadonlyMap<string, string> } {
  const { staging, nodeArchive } = place
  if (staging === undefined) return { place, files, copies: new Map() }
  if (isInImage(place)) return { place, files: renamed(files, staging), copies: new Map() }
  const sources: readonly string[] = [...Object.values(files), ...(nodeArchive === undefined ? [] : [nodeArchive])]
  const folder = hashOf(sources)
  const archive = nodeArchive && `${staging}/${folder}/${basename(nodeArchive)}`
  return {
    place: { ...place, nodeArchive: archive },
    files: renamed(files, `${staging}/${folder}`),
    copies: new Map(sources.map((source) => [source, `${folder}/${basename(source)}`])),
  }
}

function renamed(files: ClusterFiles, folder: string): ClusterFiles {
  const at = (file: string): string => `${folder}/${basename(file)}`
  const { job, worker, driver, submission, jar } = files
  return { job: at(job), worker: at(worker), driver: at(driver), submission: at(submission), jar: at(jar) }
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files)
    hash.update(`${basename(file)}\0`).update(createHash('sha256').update(readFileSync(file)).digest())
  return hash.digest('hex').slice(0, 16)
}

/** Copies the files to where the cluster finds them, and submits the driver. Resolves to the code of spark-submit. */
export async function submitToCluster(
  tools: { readonly spark: Spark; readonly java: Java },
  place: ClusterPlace,
  files: ClusterFiles,
): Promise<number> {
  const staged = stagedAt(place, files)
  if (staged.copies.size > 0) {
    const store = new SparkFiles(ownFilesJvm({ ...tools, conf: place.conf }))
    const objects = store.objects(place.staging!)
    try {
      for (const [source, object] of staged.copies) await objects.create(object, readFileSync(source))
    } finally {
      await store.end()
    }
  }
  const args = clusterArguments(staged.place, staged.files, place.supervise)
  const { program, env } = submitted(tools, args, {})
  const child = spawn(program, args, { env, stdio: 'inherit' })
  // Ctrl-C of a terminal goes to spark-submit too, and this process ends behind it.
  process.on('SIGINT', () => undefined)
  process.once('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}
