// One of the processes: it mirrors everything, in an order of its own, or keeps removing directories of the mirror.

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { each } from './each.js'
import { manifestName, manifestOf } from './manifest.js'
import type { Entry } from './plan.js'
import { ways } from './ways.js'

export interface Job {
  readonly task: 'mirror' | 'remove'
  readonly way: keyof typeof ways
  readonly source: string
  readonly place: string
  readonly entries: readonly Entry[]
  readonly seed: number
}

/** How far a process has come. The last report has `finished`. */
export interface Report {
  finished: boolean
  entries: number
  calls: number
  rejected: Record<string, number>
  /** The first few error messages, in full. */
  messages: string[]
  /** How often a file existed, and was not whole. */
  torn: number
  removed: number
}

const inFlight = 16
const callsPerManifest = 200

const report: Report = { finished: false, entries: 0, calls: 0, rejected: {}, messages: [], torn: 0, removed: 0 }
const sendReport = () => process.send?.(report)

/** Counts a call that is rejected, and lets the work go on. */
async function counted<T>(call: Promise<T>): Promise<T | undefined> {
  report.calls++
  try {
    return await call
  } catch (error) {
    const { code = 'no code', message } = error as NodeJS.ErrnoException
    report.rejected[code] = (report.rejected[code] ?? 0) + 1
    if (report.messages.length < 3) report.messages.push(message)
    return undefined
  }
}

async function mirror({ way, source, place, entries, seed }: Job): Promise<void> {
  const { directory, link, create, publish } = ways[way]
  const done: string[] = []
  const publishManifest = () => counted(publish(join(place, manifestName), manifestOf(done)))

  async function one({ path, kind }: Entry): Promise<void> {
    const [from, to] = [join(source, path), join(place, 'tree', path)]
    if (kind === 'directory') await counted(directory(to))
    else if (kind === 'link') await counted(link(from, to))
    else {
      // The check at the end finds a source that has gone.
      const content = await readFile(from).catch(() => undefined)
      // `false` means that the file exists, so it must be whole. (It may be gone again: the remover is free to do
      // that.)
      if (content && (await counted(create(to, content))) === false) {
        const there = await readFile(to).catch(() => undefined)
        if (there && !there.equals(content)) report.torn++
      }
    }
    report.entries++
    done.push(path)
    if (done.length % callsPerManifest === 0) await publishManifest()
  }
  await publishManifest()
  await each(shuffled(entries, seed), inFlight, one)
  await publishManifest()
}

async function remove({ place, entries, seed }: Job): Promise<void> {
  const directories = entries.filter(({ kind }) => kind === 'directory')
  // This process is killed when the others are done. Its own errors do not matter.
  for (const chance = randomOf(seed); ; await setTimeout(1)) {
    const { path } = directories[Math.floor(chance() * directories.length)] as Entry
    await rm(join(place, 'tree', path), { recursive: true }).then(
      () => report.removed++,
      () => {},
    )
  }
}

function shuffled<T>(all: readonly T[], seed: number): T[] {
  const chance = randomOf(seed)
  return all
    .map(one => ({ one, rank: chance() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one)
}

/** Returns numbers from 0 to 1, the same ones for the same seed: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

// A terminal sends Ctrl-C to every process of the group. Only the parent may react, because it cleans up after all of
// them. If the parent itself has gone, there is nothing left to work for.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
process.on('disconnect', () => process.exit())
process.once('message', async (job: Job) => {
  const ticking = setInterval(sendReport, 100)
  await (job.task === 'mirror' ? mirror(job) : remove(job))
  clearInterval(ticking)
  report.finished = true
  sendReport()
})
process.send?.('ready')
