import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, thisProcess, type ProcessIdentity } from 'dstream/cluster'

/** The name of each folder of a process of this package begins with it. */
const PREFIX = '.dstream-spark-'
/** The file that says whose a folder is. */
const OWNER = 'owner.json'
/** The file that names the applications whose work is in the folder of Spark. */
const APPLICATIONS = 'applications'
/** The age from which a folder without an owner is one whose process ended while it made it. */
const UNOWNED_MS = 24 * 3_600_000

/** Makes a folder that belongs to this process. */
export function makeOwnFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, PREFIX))
  writeFileSync(join(folder, OWNER), JSON.stringify(thisProcess()))
  return folder
}

/** Notes an application of Spark whose work has to go with a folder. */
export function noteApplication(folder: string, application: string): void {
  writeFileSync(join(folder, APPLICATIONS), `${application}\n`, { flag: 'a' })
}

/**
 * Removes the folders of dead processes. Those of living ones stay, and so do those of another machine or container, about which
 * this one cannot tell.
 *
 * @param sparkHome the folder of Spark, in which the executors of `local-cluster` leave their work
 */
export function removeLeftovers(parent: string, sparkHome?: string): void {
  for (const name of namesIn(parent)) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(parent, name)
    try {
      if (isLeft(folder)) removeFolder(folder, sparkHome)
    } catch {
      // Another start removes it too, or its files are not ours.
    }
  }
}

/** Removes a folder, with the work of the applications that it notes. */
export function removeFolder(folder: string, sparkHome?: string): void {
  for (const application of sparkHome === undefined ? [] : applicationsOf(folder)) {
    rmSync(join(sparkHome!, 'work', application), { recursive: true, force: true })
  }
  rmSync(folder, { recursive: true, force: true })
}

function isLeft(folder: string): boolean {
  const { uid, mtimeMs } = statSync(folder)
  // What is written in the folder of another user must not say what this one removes.
  if (uid !== process.getuid?.()) return false
  const owner = textOf(join(folder, OWNER))
  if (owner === undefined) return Date.now() - mtimeMs > UNOWNED_MS
  return isAlive(JSON.parse(owner) as ProcessIdentity, thisProcess()) === false
}

function applicationsOf(folder: string): string[] {
  const names = textOf(join(folder, APPLICATIONS))?.split('\n') ?? []
  return names.filter((name) => /^[\w-]+$/.test(name))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
