// Real processes that lock files through the face of proper-lockfile; many of them are killed.

import { existsSync, mkdirSync, readdirSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import lockfile from 'holdfast/proper-lockfile'
import { contender, overlaps, type Result } from 'holdfast/testing'
import properLockfile from 'proper-lockfile'
import { assert, catchInRace, note, places, race, raced, scratch, sized } from '../support/kit.js'

const times = sized(10, 200)
const rounds = sized(2, 20)
const victims = 4
const often = { retries: { retries: 100_000, minTimeout: 1, maxTimeout: 4 } }

/**
 * Says that it is inside, and looks who else says so. Of two that are inside at the same time, the one that looks last sees
 * the other. Those that are killed there have said so before.
 */
async function alone(dir: string, isDying = false): Promise<void> {
  const mine = `in-${process.pid}`
  mkdirSync(join(dir, mine))
  for (const name of readdirSync(dir)) {
    if (!name.startsWith('in-') || name === mine) continue
    if (!existsSync(join(dir, `dying${name}`))) throw new Error(`${mine} is not alone: ${name}`)
  }
  await wait(1)
  if (isDying) {
    mkdirSync(join(dir, `dying${mine}`))
    process.kill(process.pid, 'SIGKILL')
  }
  rmdirSync(join(dir, mine))
}

/** What proper-lockfile has left, of a process that is dead. */
function leave(dir: string, round: number): void {
  const path = join(dir, `left-${round}`)
  writeFileSync(path, '')
  mkdirSync(`${path}.lock`)
  utimesSync(`${path}.lock`, 1, 1)
}

interface Locker {
  lock(file: string, options: { onCompromised(): void }): Promise<unknown>
}

/** Takes what was left, and keeps it until the process ends. Returns whether it got it. */
const take = async ({ lock }: Locker, dir: string, round: number): Promise<boolean> => {
  try {
    await lock(join(dir, `left-${round}`), { onCompromised: () => {} })
    return true
  } catch (error) {
    if (['ELOCKED', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

const plays = {
  worker: async (dir: string) => {
    for (let nth = 0; nth < times; nth++) {
      const release = await lockfile.lock(join(dir, 'x'), often)
      await alone(dir)
      await release()
    }
    return times
  },
  victim: async (dir: string) => {
    const last = Math.floor(Math.random() * 4)
    for (let nth = 0; ; nth++) {
      const release = await lockfile.lock(join(dir, 'x'), often)
      await alone(dir, nth === last)
      await release()
    }
  },
  heir: (dir: string, round: number) => take(lockfile, dir, round),
  their: (dir: string, round: number) => take(properLockfile, dir, round),
}

const winners = (results: readonly Result[]): number => results.filter(({ value }) => value === true).length

if (!contender(plays)) {
  for (const { kind, dir: place } of places) {
    raced(`race on ${kind}: six take turns, four are killed while they hold the lock, and no two hold it`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'x'), '')
      const history = await race(import.meta.url, { dir, cast: { worker: 6, victim: victims }, rounds })
      const all = history.flat()
      assert.equal(
        all.flatMap(({ how, message }) => (how === 'threw' ? message : [])),
        [],
      )
      const died = all.filter(({ how }) => how === 'died').length
      note(`${kind}: ${6 * rounds * times} turns, ${died} killed, never two at once`)
      assert.is(died, victims * rounds)
      assert.ok(history.every(overlaps))
      assert.is(await lockfile.check(join(dir, 'x')), false)
      // The last one may have been killed.
      await (await lockfile.lock(join(dir, 'x')))()
      assert.not(existsSync(join(dir, 'x.lock')))
    })

    raced(`race on ${kind}: what proper-lockfile has left is taken over by one of four`, async () => {
      const dir = scratch(place)
      const taken = sized(25, 1000)
      const before = (round: number) => leave(dir, round)
      const history = await race(import.meta.url, { dir, cast: { heir: 4 }, rounds: taken, before })
      assert.equal(
        history.flat().filter(({ how }) => how !== 'returned'),
        [],
      )
      const counts = history.map(winners)
      note(`${kind}: ${counts.filter(count => count > 1).length} of ${taken} taken twice`)
      assert.equal([...new Set(counts)], [1])
      assert.ok(history.filter(overlaps).length > taken / 2)
    })
  }

  raced('the same race catches: proper-lockfile itself', async () => {
    const dir = scratch()
    const before = (round: number) => leave(dir, round)
    const after = await catchInRace(
      import.meta.url,
      { dir, cast: { their: 4 }, rounds: 1000, before },
      results => winners(results) > 1,
    )
    note(`taken twice in round ${after}`)
  })
}
