// Real processes that hold a lock for 50 ms, and take it again at once: none of them is kept out.

import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Lease, lock } from 'holdfast'
import { contender } from 'holdfast/testing'
import { assert, clock, note, places, race, raced, scratch, sized } from '../support/kit.js'
import { assertApart, type Held } from '../support/locks.js'

const processes = 8
const workMs = 50
const mostRounds = 3

/** Asks for the lock at a moment, holds it from then to then. */
type Turn = readonly [askedMs: number, ...held: Held]
type How = 'waits' | 'polls'

const takes: Readonly<Record<How, (path: string) => Promise<Lease>>> = {
  waits: path => lock(path),
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

async function works(how: How, path: string): Promise<Turn[]> {
  const all: Turn[] = []
  const until = clock() + forMs
  while (clock() < until) {
    const askedMs = clock()
    const lease = await takes[how](path)
    const from = clock()
    await wait(workMs)
    all.push([askedMs, lease.fence, from, clock()])
    await lease.release()
  }
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
  const [results = []] = await race(import.meta.url, { dir, cast: { [how]: processes }, rounds: 1 })
  return results.flatMap(({ value }) => value as Turn[])
}

/** How many turns others had at most while one waited, and for how many milliseconds. */
function longest(all: readonly Turn[]): { turns: number; ms: number } {
  const passed = all.map(([asked, , got]) => all.filter(([, , from]) => from > asked && from < got).length)
  return { turns: Math.max(...passed), ms: Math.max(...all.map(([asked, , got]) => got - asked)) }
}

if (!contender(plays)) {
  for (const { kind, dir } of places)
    raced(
      `on ${kind}: of eight processes that take the lock again at once, none waits for more than 3 rounds`,
      async () => {
        const all = await turnsOf('waits', scratch(dir))
        assertApart(all.map(([, ...held]) => held))
        const { turns, ms } = longest(all)
        const spanMs = Math.max(...all.map(([, , , to]) => to)) - Math.min(...all.map(([, , from]) => from))
        const roundMs = (processes * spanMs) / all.length
        note(
          `${kind}: ${all.length} turns, a round takes ${roundMs.toFixed()} ms; the longest wait: ${turns} turns of others, ${ms.toFixed()} ms`,
        )
        assert.ok(turns <= mostRounds * processes && ms <= mostRounds * roundMs)
        assert.ok(turns >= processes - 1, 'no contention')
      },
    )

  raced('none waits for more than 3 rounds either if some are killed meanwhile', async () => {
    const cast = { waits: processes - 3, victim: 3 }
    const [results = []] = await race(import.meta.url, { dir: scratch(), cast, rounds: 1 })
    const all = results.flatMap(({ value }) => (value as Turn[] | undefined) ?? [])
    const fences = all.map(([, fence]) => fence)
    assert.is(results.filter(({ how }) => how === 'died').length, 3)
    assert.is(new Set(fences).size, fences.length)
    const { turns, ms } = longest(all)
    note(`some killed: the longest wait: ${turns} turns of others that live, ${ms.toFixed()} ms`)
    assert.ok(turns >= 1 && turns <= mostRounds * processes)
  })

  raced('the same race catches: processes that try it again and again', async () => {
    for (let rounds = 1; rounds <= 10; rounds++) {
      const { turns, ms } = longest(await turnsOf('polls', scratch()))
      note(`polled: the longest wait: ${turns} turns of others, ${ms.toFixed()} ms`)
      if (turns > mostRounds * processes) return
    }
    assert.unreachable('none was kept out')
  })
}
