// Real processes that hold a lock for 50 ms, and take it again at once: none of them is kept out.

import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { lock } from 'holdfast'
import { door, drive, release } from 'holdfast/steps'
import { contender } from 'holdfast/testing'
import { isWait } from '../../lib/core/traits.js'
import { assert, clock, note, places, race, raced, scratch, sized } from '../support/kit.js'
import { assertApart, type Held, numbered } from '../support/locks.js'

const processes = 8
const workMs = 50
const mostRounds = 3

/**
 * Asks for the lock at a moment, holds it from then to then. For `stalledMs` at most in one piece the process could not run
 * while it waited, or one of its calls did not come back from the disk.
 */
type Turn = readonly [askedMs: number, stalledMs: number, ...held: Held]
/** A process that is stalled for longer may come too late when its turn has come. */
const mostStalledMs = 50
type How = 'waits' | 'polls'

let stalledMs = 0
const noteStall = (sinceMs: number): void => {
  stalledMs = Math.max(stalledMs, clock() - sinceMs)
}

const measured: typeof door = {
  ...door,
  perform(call, done) {
    if (isWait(call)) return door.perform(call, done)
    const sinceMs = clock()
    return door.perform(call, (error, value) => {
      noteStall(sinceMs)
      done(error, value)
    })
  },
}

interface Taken {
  readonly fence: number
  release(): Promise<void>
}

const takes: Readonly<Record<How, (path: string) => Promise<Taken>>> = {
  waits: async path => {
    const hold = await drive(lock.steps(path), { door: measured })
    return { fence: hold.fence, release: () => drive(release(hold)) }
  },
  /** As people do who know of no other way. */
  polls: async path => {
    for (;;) {
      const lease = await lock.try(path)
      if (lease) return lease
      await wait(1 + 7 * Math.random())
    }
  },
}

const forMs = sized(2_000, 30_000)
/** Turns of all together; on a busy machine they take longer. */
const leastTurns = 40

async function works(how: How, path: string): Promise<Turn[]> {
  const all: Turn[] = []
  const until = clock() + forMs
  let seenMs = clock()
  const watch = setInterval(() => {
    noteStall(seenMs)
    seenMs = clock()
  }, 5)
  for (let fence = 0; clock() < until || fence < leastTurns; ) {
    const askedMs = clock()
    stalledMs = 0
    const lease = await takes[how](path)
    const from = clock()
    const stalled = stalledMs
    fence = lease.fence
    await wait(workMs)
    all.push([askedMs, stalled, fence, from, clock()])
    await lease.release()
  }
  clearInterval(watch)
  return all
}

const plays = {
  waits: (dir: string) => works('waits', join(dir, 'thing')),
  polls: (dir: string) => works('polls', join(dir, 'thing')),
  /** Is killed while it holds the lock, or waits for it, or is the next. */
  victim: (dir: string) => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 0.9 * forMs * Math.random())
    return works('waits', join(dir, 'thing'))
  },
}

async function turnsOf(how: How, dir: string): Promise<Turn[]> {
  numbered(join(dir, 'thing'))
  const [results = []] = await race(import.meta.url, { dir, cast: { [how]: processes }, rounds: 1 })
  return results.flatMap(({ value }) => value as Turn[])
}

/** How many turns others had at most while one waited, and for how many milliseconds. */
function longest(waits: readonly Turn[], all: readonly Turn[]): { turns: number; ms: number } {
  const passed = waits.map(([asked, , , got]) => all.filter(([, , , from]) => from > asked && from < got).length)
  return { turns: Math.max(0, ...passed), ms: Math.max(0, ...waits.map(([asked, , , got]) => got - asked)) }
}

/** Those of processes that were not stalled meanwhile. */
const able = (all: readonly Turn[]): Turn[] => all.filter(([, stalled]) => stalled < mostStalledMs)

if (!contender(plays)) {
  for (const { kind, dir } of places)
    raced(
      `on ${kind}: of eight processes that take the lock again at once, none waits for more than 3 rounds`,
      async () => {
        const all = await turnsOf('waits', scratch(dir))
        assertApart(all.map(([, , ...held]) => held))
        const { turns, ms } = longest(able(all), all)
        const spanMs = Math.max(...all.map(([, , , , to]) => to)) - Math.min(...all.map(([, , , from]) => from))
        const roundMs = (processes * spanMs) / all.length
        note(
          `${kind}: ${all.length} turns, ${able(all).length} of processes that were not stalled, a round takes ${roundMs.toFixed()} ms; their longest wait: ${turns} turns of others, ${ms.toFixed()} ms`,
        )
        assert.ok(turns <= mostRounds * processes)
        assert.ok(longest(all, all).turns >= processes - 1, 'no contention')
      },
    )

  raced('none waits for more than 3 rounds either if some are killed meanwhile', async () => {
    const cast = { waits: processes - 3, victim: 3 }
    const dir = scratch()
    numbered(join(dir, 'thing'))
    const [results = []] = await race(import.meta.url, { dir, cast, rounds: 1 })
    const all = results.flatMap(({ value }) => (value as Turn[] | undefined) ?? [])
    const fences = all.map(([, , fence]) => fence)
    assert.is(results.filter(({ how }) => how === 'died').length, 3)
    assert.is(new Set(fences).size, fences.length)
    const { turns, ms } = longest(able(all), all)
    note(`some killed: the longest wait: ${turns} turns of others that live, ${ms.toFixed()} ms`)
    assert.ok(turns <= mostRounds * processes)
    assert.ok(longest(all, all).turns >= 1, 'no contention')
  })

  raced('the same race catches: processes that try it again and again', async () => {
    for (let rounds = 1; rounds <= 10; rounds++) {
      const all = await turnsOf('polls', scratch())
      const { turns, ms } = longest(all, all)
      note(`polled: the longest wait: ${turns} turns of others, ${ms.toFixed()} ms`)
      if (turns > mostRounds * processes) return
    }
    assert.unreachable('none was kept out')
  })
}
