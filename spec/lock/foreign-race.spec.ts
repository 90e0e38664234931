// Real processes of this package, and of proper-lockfile, at one path.

import { mkdirSync, readdirSync, rmdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { lock, sweep } from 'holdfast'
import { contender, overlaps } from 'holdfast/testing'
import properLockfile from 'proper-lockfile'
import { assert, note, places, race, raced, scratch, sized } from '../support/kit.js'
import { soonOnWindows } from '../support/left.js'
import { isWindows } from '../windows/flavour.js'

const theirs = { realpath: false, stale: 10_000 } as const

/** Each takes the lock so many times, and makes a directory that only one at a time can make. */
const times = sized(8, 100)

async function alone(dir: string): Promise<void> {
  mkdirSync(join(dir, 'inside'))
  await wait(1)
  rmdirSync(join(dir, 'inside'))
}

const kept: unknown[] = []

const plays = {
  ours: async (dir: string) => {
    for (let nth = 0; nth < times; nth++) {
      const lease = await lock(join(dir, 'x'), { foreign: 10_000 })
      await alone(dir)
      await lease.release({ remove: true })
      await wait(Math.random() * 4)
    }
    return times
  },
  sync: (dir: string) => {
    for (let nth = 0; nth < times; nth++) {
      const lease = lock.sync(join(dir, 'x'), { foreign: 10_000 })
      mkdirSync(join(dir, 'inside'))
      rmdirSync(join(dir, 'inside'))
      lease.release.sync({ remove: true })
    }
    return times
  },
  theirs: async (dir: string) => {
    const retries = { retries: 10_000, minTimeout: 1, maxTimeout: 8 }
    for (let nth = 0; nth < times; nth++) {
      const unlock = await properLockfile.lock(join(dir, 'x'), { ...theirs, retries })
      await alone(dir)
      await unlock()
      await wait(Math.random() * 4)
    }
    return times
  },
  left: async (dir: string, round: number) => {
    const lease = await lock.try(join(dir, `left-${round}`), { foreign: 100 })
    if (!lease) return 'busy'
    // It is held until the process ends.
    kept.push(lease)
    mkdirSync(join(dir, `in-${round}`))
    return 'ours'
  },
  remover: async (dir: string, round: number) => {
    const path = join(dir, `left-${round}`)
    const unlock = await properLockfile.lock(path, { ...theirs, stale: 2000 }).catch(() => undefined)
    if (!unlock) return 'busy'
    mkdirSync(join(dir, `in-${round}`))
    return 'theirs'
  },
}

if (!contender(plays)) {
  for (const { kind, dir: place } of places)
    raced(`race on ${kind}: holdfast and proper-lockfile take turns at one lock, and no two hold it`, async () => {
      const dir = scratch(place)
      const cast = { ours: 3, sync: 1, theirs: 3 }
      const history = await race(import.meta.url, { dir, cast, rounds: 1 })
      const all = history.flat()
      assert.equal(
        all.map(({ how, message }) => message ?? how),
        all.map(() => 'returned'),
      )
      note(`${kind}: ${all.length} processes, ${times} times each, never two at once`)
      assert.ok(history.every(overlaps))
      // A scanner there may keep a name open for a moment, and the process that made it may have ended meanwhile.
      await soonOnWindows(async () => {
        if (isWindows) await sweep(dir)
        assert.equal(readdirSync(dir), [])
      })
    })

  if (process.platform === 'linux')
    for (const { kind, dir: place } of places)
      raced(`race on ${kind}: what proper-lockfile has left is taken over by one, of both packages`, async () => {
        const dir = scratch(place)
        const rounds = sized(25, 1000)
        const long = new Date(Date.now() - 60_000)
        for (let round = 0; round < rounds; round++) {
          mkdirSync(join(dir, `left-${round}.lock`))
          utimesSync(join(dir, `left-${round}.lock`), long, long)
        }
        await wait(2_200)
        const history = await race(import.meta.url, { dir, cast: { left: 3, remover: 1 }, rounds })
        const failed = history.flat().filter(({ how }) => how !== 'returned')
        assert.equal(failed, [])
        const winners = history.map(all => all.map(({ value }) => value).filter(value => value !== 'busy'))
        const ours = winners.filter(([one]) => one === 'ours').length
        note(`${kind}: ${ours} of ${rounds} by holdfast, ${rounds - ours} by proper-lockfile, none by two`)
        assert.ok(
          winners.every(({ length }) => length === 1),
          JSON.stringify(winners),
        )
        assert.ok(history.filter(overlaps).length > rounds / 2)
      })
}
