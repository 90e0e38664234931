// At the end: is the mirror the same as the source?

import { createHash } from 'node:crypto'
import { type BigIntStats, createReadStream } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { each } from './each.js'
import { isWhole, manifestName } from './manifest.js'
import { type Entry, type Plan, stampOf } from './plan.js'

export type Fault = 'missing' | 'torn' | 'left over' | 'changed in the source'

/** Everything that is wrong with a mirror. */
export async function faultsOf(
  plan: Plan,
  place: string,
  stop: AbortSignal,
): Promise<{ fault: Fault; path: string }[]> {
  const faults: { fault: Fault; path: string }[] = []
  const note = (fault: Fault | undefined, path: string) => fault && faults.push({ fault, path })
  const planned = new Set(['tree', manifestName, ...plan.entries.map(({ path }) => join('tree', path))])

  const noteExtra = async (directory: string) => {
    // A directory that cannot be listed is missing, and is noted as that elsewhere.
    const names = await readdir(join(place, directory)).catch(() => [])
    for (const name of names) if (!planned.has(join(directory, name))) note('left over', join(directory, name))
  }
  await noteExtra('.')
  await each(plan.entries, 16, async entry => {
    stop.throwIfAborted()
    note(await compare(join(plan.source, entry.path), join(place, 'tree', entry.path), entry), entry.path)
    if (entry.kind === 'directory') await noteExtra(join('tree', entry.path))
  })
  const manifest = await readFile(join(place, manifestName), 'utf8').catch(() => undefined)
  if (manifest === undefined) note('missing', manifestName)
  else if (!isWhole(manifest)) note('torn', manifestName)
  return faults
}

async function compare(from: string, path: string, { kind, stamp }: Entry): Promise<Fault | undefined> {
  const [source, there] = [await look(from), await look(path)]
  if (!source || (kind !== 'directory' && stampOf(source) !== stamp)) return 'changed in the source'
  if (!there) return 'missing'
  if (source.ino === there.ino && source.dev === there.dev) return undefined
  if (kindOf(source) !== kindOf(there)) return 'torn'
  if (source.isDirectory()) return undefined
  const read = source.isSymbolicLink() ? textOf : digestOf
  return (await read(from)).equals(await read(path)) ? undefined : 'torn'
}

const look = (path: string): Promise<BigIntStats | undefined> => lstat(path, { bigint: true }).catch(() => undefined)
const kindOf = ({ mode }: BigIntStats): bigint => mode & 0o170000n
const textOf = (path: string): Promise<Buffer> => readlink(path, { encoding: 'buffer' })

async function digestOf(path: string): Promise<Buffer> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest()
}
