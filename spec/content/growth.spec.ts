// How much a call costs beside many blobs: as much as beside few. An eviction costs a scan, and what it removes.

import { createHash } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ContentStore, contentStore } from 'holdfast/content'
import { type Door, door, drive, type Steps } from 'holdfast/steps'
import { opsThat } from '../../lib/core/traits.js'
import { assert, holds, memory, note, scratch, sized } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'

const few = 100
const many = sized(400, 100_000)
/** How many blobs are used in one go, each once: what a store object remembers of them is a part of what is measured. */
const used = few

const textOf = (nth: number): string => `blob ${nth}`
const digestOf = (nth: number): string => `sha256-${createHash('sha256').update(textOf(nth)).digest('hex')}`

interface Filled {
  readonly dir: string
  readonly count: number
  /** The next one that is new. */
  next: number
}

const open = ({ dir }: Filled, maxBytes?: number): ContentStore =>
  contentStore(join(dir, 'store'), { durability: 'none', ...(maxBytes !== undefined && { maxBytes, evictBytes: 0 }) })

async function fill(count: number): Promise<Filled> {
  const filled = { dir: scratch(memory), count, next: count }
  const store = open(filled)
  const width = 64
  for (let from = 0; from < count; from += width) {
    const some = Array.from({ length: Math.min(width, count - from) }, (_, nth) => store.put(textOf(from + nth)))
    for (const { lease } of await Promise.all(some)) await lease.release()
  }
  await store.close()
  return filled
}

/** Spread over all that there is. */
const picked = ({ count }: Filled): string[] =>
  Array.from({ length: used }, (_, nth) => digestOf(Math.floor((nth * count) / used)))

type Work = (store: ContentStore, filled: Filled) => Steps<unknown>[]

/** Each ends as it began, but for what was put. */
const works: Readonly<Record<string, Work>> = {
  put: (store, filled) =>
    Array.from({ length: used }, () => {
      const nth = filled.next++
      return (function* (): Steps<void> {
        const { lease, made } = yield* store.put.steps(textOf(nth))
        assert.ok(made)
        yield* lease.release.steps()
      })()
    }),
  get: (store, filled) => picked(filled).map(digest => store.read.steps(digest)),
  checkout: (store, filled) => {
    const out = join(filled.dir, 'out')
    rmSync(out, { recursive: true, force: true })
    mkdirSync(out)
    return picked(filled).map((digest, nth) => store.checkout.steps(digest, join(out, `${nth}`)))
  },
}

/** Hints, and what a process knows of itself: they cost nothing that grows. */
const asksNoDisk = opsThat('inline')

interface Cost {
  /** Those that ask the disk. */
  readonly calls: number
  readonly cpuUs: number
}

async function costOf(steps: readonly Steps<unknown>[]): Promise<Cost> {
  let calls = 0
  const counting: Door = {
    ...door,
    perform(call, done) {
      if (!asksNoDisk.has(call.op)) calls++
      return door.perform(call, done)
    },
  }
  const before = process.cpuUsage()
  for (const one of steps) assert.is.not(await drive(one, { door: counting }), false)
  const { user, system } = process.cpuUsage(before)
  return { calls, cpuUs: user + system }
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] as number

holds(`put, get and checkout cost as much beside ${many} blobs as beside ${few}`, async () => {
  const [small, large, spare] = [await fill(few), await fill(many), await fill(few)]
  for (const [name, work] of Object.entries(works)) {
    // Code that ran only a few times is not compiled yet, and falls on one side or the other.
    for (let round = 0; round < sized(1, 30); round++) {
      const store = open(spare)
      await costOf(work(store, spare))
      await store.close()
    }
    const ratios: number[] = []
    const calls = new Set<number>()
    for (let round = 0; round < sized(2, 25); round++) {
      const costs: Cost[] = []
      for (const filled of round % 2 === 0 ? [small, large] : [large, small]) {
        const store = open(filled)
        costs.push(await costOf(work(store, filled)))
        await store.close()
      }
      if (round % 2 > 0) costs.reverse()
      for (const one of costs) calls.add(Math.round(one.calls / used))
      ratios.push((costs[1]?.cpuUs ?? 0) / (costs[0]?.cpuUs ?? 1))
    }
    note(`${name}: ${median(ratios).toFixed(2)} x the CPU beside ${few}; ${[...calls].join(' or ')} calls each`)
    assert.ok(Math.max(...calls) - Math.min(...calls) <= 1, `${[...calls]} calls`)
    assert.ok(sized(true, median(ratios) <= 1.5), `${median(ratios)} x`)
  }
})

/** Calls for each blob. On Windows it is renamed before it is removed. */
const removal = isWindows ? 3 : 2

holds('an eviction costs one scan, and what it removes', async () => {
  const filled = await fill(many)
  const counted = async (maxBytes: number | undefined, stepsOf: (store: ContentStore) => Steps<unknown>) => {
    const store = open(filled, maxBytes)
    const cost = await costOf([stepsOf(store)])
    await store.close()
    return cost
  }
  const { bytes } = await open(filled).usage()
  const removed = many / 10
  // It removes nothing, then some, then as many again.
  const beyondScan: Cost[] = []
  for (const part of [1, 0.9, 0.8]) {
    const scan = await counted(undefined, store => store.usage.steps())
    const evict = await counted(part * bytes, store => store.evict.steps())
    beyondScan.push({ calls: evict.calls - scan.calls, cpuUs: evict.cpuUs - scan.cpuUs })
    const [each, us] = [scan.calls / many, scan.cpuUs / many]
    note(`a scan: ${each.toFixed(2)} calls and ${us.toFixed(1)} us for each of ${many}`)
  }
  const [none, ...some] = beyondScan as [Cost, Cost, Cost]
  for (const { calls, cpuUs } of some) {
    const [each, us] = [(calls - none.calls) / removed, (cpuUs - none.cpuUs) / removed]
    note(`an eviction: beside the scan ${each.toFixed(2)} calls and ${us.toFixed(1)} us for each that it removes`)
    assert.ok(Math.abs(each - removal) < 20 / removed, `${each} calls for each`)
  }
  assert.ok(none.calls < 60, `${none.calls} calls to remove nothing`)
  assert.is((await open(filled).usage()).count, 0.8 * many)
})
