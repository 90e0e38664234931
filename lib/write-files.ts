import { dirname, resolve } from 'node:path'
import { dual } from './core/dual.js'
import { asConcurrency, asPath, refusal } from './core/input.js'
import { emptySum } from './core/progress.js'
import { publishing } from './core/publication.js'
import type { Steps } from './core/steps.js'
import { concurrently } from './parts/concurrently.js'
import { syncDir } from './parts/durable.js'
import type { Data } from './parts/source.js'
import type { Writing } from './write-file/job.js'
import { write } from './write-file/write.js'
import { asWriting, type WriteFileOptions } from './write-file.js'

export interface WriteFilesOptions extends WriteFileOptions {
  /** How many files are written at a time. @default 64 */
  readonly concurrency?: number | undefined
}

type Name = string | URL

/** Each file, with its data. */
export type Files = ReadonlyMap<Name, Data> | readonly (readonly [Name, Data])[]

/**
 * Writes many files, each as a whole. With `durability: 'full'` each directory is synced only once, after all files.
 *
 * Holds afterwards: of each file, what `writeFile` promises of one.
 *
 * Not promised: all or nothing. If one file fails, no other is begun, those under way are finished, and the first error
 * comes out: then some files are old and some are new. The `path` of that error, if it has one, says which file it is
 * about.
 *
 * @param files A `Map` of paths to data, or an array of such pairs, as `Object.entries` returns it; no path twice. All
 *   input is checked before anything is written.
 * @returns Nothing.
 * @throws What `writeFile` throws.
 *   `published` of the error is true as soon as one of the files has its new content.
 *
 * @example
 * await writeFiles(Object.entries({ 'out/a.json': a, 'out/b.json': b }), { durability: 'full', parents: true })
 */
export const writeFiles = dual(
  publishing(function* writeFiles(publication, files: Files, options: WriteFilesOptions = {}): Steps<void> {
    const width = asConcurrency(options.concurrency)
    const entries = asEntries(files)
    const sum = emptySum(entries.length, 0)
    const jobs: Writing[] = []
    const dirs = new Set<string>()
    try {
      for (const [file, data] of entries) jobs.push(asWriting(file, data, options, 'writeFiles', publication, sum))
      yield* concurrently(jobs.map(job => () => writeOne(job, dirs)).reverse(), width)
    } catch (error) {
      // Those that were not begun: a stream keeps what it reads from open.
      for (const { source } of jobs) source.stop()
      throw error
    }
    if (jobs[0]?.durability !== 'full') return
    const syncs = [...dirs].map(dir => () => syncDir(dir))
    yield* concurrently(syncs, width)
  }),
  { turns: files => asEntries(files).map(([file]) => resolve(asPath(file, 'file'))) },
)

function* writeOne(job: Writing, dirs: Set<string>): Steps<void> {
  const at = yield* write(job)
  if (at === undefined) return
  dirs.add(dirname(at))
  for (const dir of job.parents?.changed ?? []) dirs.add(dir)
}

export function asEntries(files: unknown): (readonly [Name, Data])[] {
  if (!(files instanceof Map || Array.isArray(files)))
    throw refusal('ERR_INVALID_ARG_TYPE', 'files', 'an instance of Map or an array of pairs', files)
  const entries = [...files] as (readonly [Name, Data])[]
  const seen = new Set<string>()
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2)
      throw refusal('ERR_INVALID_ARG_VALUE', 'files', 'pairs of a path and its data', entry)
    const path = resolve(asPath(entry[0], 'file'))
    if (seen.has(path)) throw refusal('ERR_INVALID_ARG_VALUE', 'files', 'paths that are all different', entry[0])
    seen.add(path)
  }
  return entries
}
