// Real processes that take turns at one lock; many of them are killed at any of their calls.

import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lock, sweep } from 'holdfast'
import { dual, release, type Steps } from 'holdfast/steps'
import { contender, killedAt, overlaps } from 'holdfast/testing'
import { deadPid } from '../support/dead-owner.js'
import { assert, catchInRace, clock, note, places, placesAnd, race, raced, scratch, sized } from '../support/kit.js'
import { assertApart, counted, digits, type Held, increment, unlinkAndRetry } from '../support/locks.js'
import { isWindows } from '../windows/flavour.js'

const logOf = (dir: string, name: string): string => join(dir, `log-${name}`)

/** Takes the lock, counts, and releases it; logs what it is about to do, and what it has done. */
function* counting(dir: string, name: string, times: number): Steps<Held[]> {
  const all: Held[] = []
  for (let i = 0; i < times; i++) {
    const hold = yield* lock.steps(join(dir, 'counter'))
    const from = clock()
    appendFileSync(logOf(dir, name), `${hold.fence} `)
    yield* increment(join(dir, 'counter'))
    appendFileSync(logOf(dir, name), `done\n`)
    const to = clock()
    yield* release(hold)
    all.push([hold.fence, from, to])
  }
  return all
}

const rounds = sized(3, 40)
/** Five victims in each round. */
const kills = 5 * rounds
const perRound = 125
const inherited = sized(45, 2000)
const plays = {
  counter: (dir: string, round: number, number: number) => {
    const all = dual(() => counting(dir, `c${number}`, perRound))
    return round % 2 ? all() : all.sync()
  },
  victim: (dir: string, round: number, number: number) => {
    const at = 12 * Math.floor(Math.random() * 20) + ((round * 5 + number) % 12)
    return dual(() => killedAt(counting(dir, `v${number}`, 1e6), at))()
  },
  careless: (dir: string) =>
    dual(function* () {
      for (let i = 0; i < perRound; i++) yield* increment(join(dir, 'counter'))
    })(),
  heir: async (dir: string, round: number) => {
    const began = performance.now()
    const lease = await lock.try(join(dir, `left-${round}`))
    const ms = performance.now() - began
    // A process that has the lock keeps it as long as it lives.
    if (lease) kept.push(lease)
    return lease && { fence: lease.fence, ms }
  },
  grabber: (dir: string, round: number) => dual(() => unlinkAndRetry(join(dir, `left-${round}`)))(),
}
const kept: unknown[] = []

if (!contender(plays)) {
  for (const { kind, dir: place } of placesAnd('overlayfs')) {
    raced(`race on ${kind}: eight processes count, twenty holders are killed at any of their calls`, async () => {
      const dir = scratch(place)
      const counter = join(dir, 'counter')
      writeFileSync(counter, '0'.repeat(digits))
      const history = await race(import.meta.url, { dir, cast: { counter: 8, victim: 5 }, rounds })
      const died = history.flat().filter(({ how }) => how === 'died').length
      const failed = history.flat().filter(({ how }) => how === 'threw')
      assert.equal(
        failed.map(({ message }) => message),
        [],
      )
      const all = history.flat().flatMap(({ value }) => (value as Held[] | undefined) ?? [])
      assertApart(all)
      const lines = readdirSync(dir)
        .filter(name => name.startsWith('log-'))
        .flatMap(name =>
          readFileSync(join(dir, name), 'utf8')
            .trim()
            .split(/\n| (?=\d)/),
        )
      const sure = lines.filter(line => line.endsWith('done')).length
      const doubt = lines.length - sure
      note(
        `${kind}: ${all.length} by those who live, ${sure} counted for sure, ${doubt} in doubt, ${died} killed; ` +
          `the counter says ${counted(counter)}`,
      )
      assert.equal([all.length, died], [8 * rounds * perRound, kills])
      assert.ok(counted(counter) >= sure && counted(counter) <= sure + doubt && doubt <= kills)
      const fences = lines.map(line => Number.parseInt(line, 10))
      assert.is(new Set(fences).size, fences.length, 'a fence was given twice')
      assert.ok(history.every(overlaps), 'no contention')
      await sweep(dir)
      assert.equal(
        readdirSync(dir).filter(name => name.startsWith('.')),
        [],
      )
    })
  }

  for (const { kind, dir: place } of places) {
    raced(`race on ${kind} catches: counting without a lock`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'counter'), '0'.repeat(digits))
      await race(import.meta.url, { dir, cast: { careless: 8 }, rounds: 1 })
      const sum = counted(join(dir, 'counter'))
      note(`${kind}: ${sum} of ${8 * perRound}`)
      assert.ok(sum < 8 * perRound)
    })

    raced(`race on ${kind}: ${inherited} locks that the killed have left, three heirs each`, async () => {
      const dir = scratch(place)
      leave(dir, inherited, paths => {
        const text = `import { lock } from ${JSON.stringify(import.meta.resolve('holdfast'))}
          for (const path of ${JSON.stringify(paths)}) globalThis[path] = lock.sync(path)
          process.kill(process.pid, 'SIGKILL')`
        const { signal, status } = spawnSync(process.execPath, ['--input-type=module', '-e', text])
        // Windows has no signals: a process that kills itself ends with a code.
        assert.ok(signal === 'SIGKILL' || (isWindows && status !== 0), `${signal}, ${status}`)
      })
      const history = await race(import.meta.url, { dir, cast: { heir: 3 }, rounds: inherited })
      const winners = history.map(results =>
        results.flatMap(({ value }) => (value as { ms: number } | undefined) ?? []),
      )
      const longest = Math.max(...winners.flat().map(({ ms }) => ms))
      note(
        `${kind}: ${winners.filter(all => all.length > 1).length} of ${inherited} taken twice; the slowest after ${longest.toFixed(1)} ms`,
      )
      assert.ok(history.flat().every(({ how }) => how === 'returned'))
      assert.ok(winners.every(({ length }) => length === 1))
      assert.ok(longest < 15_000 && history.filter(overlaps).length > inherited / 2)
    })
  }

  raced('the same race catches: the dead one’s lock is unlinked, and the next one made', async () => {
    const dir = scratch()
    const [place] = (await lock(join(dir, 'mine'))).owner.split('-')
    leave(dir, 150, paths => {
      const dead = `${place}-${deadPid().toString(36)}-1`
      for (const path of paths) {
        mkdirSync(path)
        writeFileSync(join(path, 'x.lock'), dead)
      }
    })
    const caughtIn = await catchInRace(import.meta.url, { dir, cast: { grabber: 3 }, rounds: 150 }, results => {
      return results.filter(({ value }) => value).length > 1
    })
    note(`unlink and retry: taken twice in round ${caughtIn}`)
  })
}

/** Makes so many locks, fifteen at a time. */
function leave(dir: string, locks: number, lot: (paths: readonly string[]) => void): void {
  const paths = Array.from({ length: locks }, (_, at) => join(dir, `left-${at}`))
  for (let at = 0; at < locks; at += 15) lot(paths.slice(at, at + 15))
}
