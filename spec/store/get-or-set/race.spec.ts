// Real processes on one store: each value is made once, and all get the same; a holder that is killed is followed at once,
// and one that is stopped is not robbed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { fileStore, getOrSet, getOrSetMany, overwrite, type Store } from 'holdfast/store'
import { contender, type Result } from 'holdfast/testing'
import { assert, catchInRace, clock, note, places, race, raced, scratch, sized } from '../../support/kit.js'

const keys = Array.from({ length: 100 }, (_, at) => `key ${at}`)
const storeIn = <T>(dir: string, round: number): Store<T> =>
  fileStore<T>(join(dir, `store ${round}`), { durability: 'none' })

/** Each process has an order of its own. */
const ordered = (number: number): string[] => keys.toSorted((a, b) => rank(a, number) - rank(b, number))
const rank = (key: string, number: number): number => (Number(key.slice(4)) * (2 * number + 7)) % 101

/** Milliseconds: who follows a dead holder at all has not waited for this. */
const lease = 3_600_000

interface Stampeded {
  computed: number
  waited: number
  readonly values: Record<string, string>
}

interface Worked {
  readonly fence: number
  readonly beganMs: number
  readonly endedMs: number
}

const plays = {
  stampede: async (dir: string, round: number, number: number): Promise<Stampeded> => {
    const store = storeIn<string>(dir, round)
    const did: Stampeded = { computed: 0, waited: 0, values: {} }
    for (const key of ordered(number)) {
      const got = await getOrSet(store, key, async () => {
        did.computed++
        await later(20)
        return `${key} of ${number}`
      })
      if (got.source === 'waited') did.waited++
      did.values[key] = got.value as string
    }
    return did
  },
  /** Two thirds of the keys at once, so that each process waits for others, and others for it. */
  many: async (dir: string, round: number, number: number): Promise<Stampeded> => {
    const did: Stampeded = { computed: 0, waited: 0, values: {} }
    const wanted = ordered(number).filter((_, at) => at % 3 !== number % 3)
    const got = await getOrSetMany(storeIn<string>(dir, round), wanted, async missing => {
      did.computed += missing.length
      await later(20)
      return new Map(missing.map(key => [key, `${key} of ${number}`]))
    })
    for (const [key, { value, source }] of got) {
      if (source === 'waited') did.waited++
      did.values[key] = value as string
    }
    return did
  },
  naive: async (dir: string, round: number, number: number): Promise<Stampeded> => {
    const store = storeIn<string>(dir, round)
    const did: Stampeded = { computed: 0, waited: 0, values: {} }
    for (const key of ordered(number).slice(0, 30)) {
      let value = (await store.get(key))?.value
      if (value === undefined) {
        did.computed++
        await later(20)
        value = `${key} of ${number}`
        await overwrite(store, key, value)
      }
      did.values[key] = value
    }
    return did
  },
  /** Dies in the middle of its work. */
  victim: (dir: string, round: number): Promise<unknown> =>
    getOrSet(
      storeIn<number>(dir, round),
      'k',
      async ({ fence }) => {
        writeFileSync(join(dir, `held ${round}`), '')
        await later(30)
        writeFileSync(join(dir, `died ${round}`), JSON.stringify([fence, clock()]))
        process.kill(process.pid, 'SIGKILL')
        return 0
      },
      { lease },
    ),
  heir: async (dir: string, round: number): Promise<Worked | undefined> => {
    while (!existsSync(join(dir, `held ${round}`))) await later(1)
    let worked: Worked | undefined
    await getOrSet(storeIn<number>(dir, round), 'k', async ({ fence }) => {
      const beganMs = clock()
      await later(10)
      worked = { fence, beganMs, endedMs: clock() }
      return fence
    })
    return worked
  },
  /** Says who it is, so that it can be stopped. */
  sleeper: (dir: string, round: number): Promise<unknown> =>
    getOrSet(
      storeIn<string>(dir, round),
      'k',
      async () => {
        writeFileSync(join(dir, `pid ${round}`), `${process.pid}`)
        while (!existsSync(join(dir, `woken ${round}`))) await later(1)
        return 'sleeper'
      },
      { lease: 100 },
    ),
  /** Stops the holder for long after its lease. */
  waker: async (dir: string, round: number): Promise<unknown> => {
    const file = join(dir, `pid ${round}`)
    while (!existsSync(file) || readFileSync(file).length === 0) await later(1)
    const pid = Number(readFileSync(file))
    process.kill(pid, 'SIGSTOP')
    setTimeout(() => {
      process.kill(pid, 'SIGCONT')
      writeFileSync(join(dir, `woken ${round}`), '')
    }, 600)
    return await getOrSet(storeIn<string>(dir, round), 'k', () => 'robber', { lease: 100 })
  },
}

const valuesOf = (results: readonly Result[]) => results.map(({ value }) => value as Stampeded)
const threw = (results: readonly Result[]) => results.flatMap(({ how, message }) => (how === 'threw' ? [message] : []))

/** The keys for which processes have different values. */
const differing = (results: readonly Result[]): string[] =>
  keys.filter(key => new Set(valuesOf(results).flatMap(({ values }) => values[key] ?? [])).size > 1)

if (!contender(plays)) {
  for (const { kind, dir: place } of sized(places.slice(-1), places)) {
    raced(
      `race on ${kind}: of 100 keys that eight processes want, each is made once, and all get the same`,
      async () => {
        const after = (results: readonly Result[]) => {
          assert.equal(threw(results), [])
          const computed = valuesOf(results).reduce((sum, one) => sum + one.computed, 0)
          const waited = valuesOf(results).reduce((sum, one) => sum + one.waited, 0)
          note(`${kind}: ${computed} computed, ${waited} waited`)
          assert.equal([computed, differing(results)], [keys.length, []])
          assert.ok(waited > 0, 'nobody waited')
        }
        await race(import.meta.url, { dir: scratch(place), cast: { stampede: 8 }, rounds: sized(1, 10), after })
      },
    )
  }

  raced(
    'race: of what eight processes want in batches that overlap, each is made once, and all get the same',
    async () => {
      const after = (results: readonly Result[]) => {
        assert.equal(threw(results), [])
        const values = valuesOf(results)
        const [computed, waited] = [sum(values.map(one => one.computed)), sum(values.map(one => one.waited))]
        const wanted = new Set(values.flatMap(one => Object.keys(one.values)))
        note(`${computed} computed, ${waited} waited`)
        assert.equal([computed, differing(results)], [wanted.size, []])
        assert.ok(waited > 0, 'nobody waited')
      }
      await race(import.meta.url, { dir: scratch(), cast: { many: 8 }, rounds: sized(2, 50), after })
    },
  )

  raced('race: get, then set computes a value several times, and processes keep different answers', async () => {
    const wrong = (results: readonly Result[]) => differing(results).length > 0
    const rounds = await catchInRace(import.meta.url, { dir: scratch(), cast: { naive: 4 }, rounds: 20 }, wrong)
    note(`caught in round ${rounds}`)
  })

  raced(
    'race: a holder is killed in the middle of its work: one begins at once, never two, and fences rise',
    async () => {
      const dir = scratch()
      const gaps: number[] = []
      const after = (results: readonly Result[], round: number) => {
        assert.equal(threw(results), [])
        const [fence, diedMs] = JSON.parse(readFileSync(join(dir, `died ${round}`), 'utf8')) as [number, number]
        const worked = results.flatMap(({ role, value }) => (role === 'heir' && value ? [value as Worked] : []))
        assert.is(worked.length, 1, 'several have worked')
        assert.is(worked[0]?.fence, fence + 1)
        assert.ok((worked[0]?.beganMs ?? 0) >= diedMs, 'two at once')
        gaps.push((worked[0]?.beganMs ?? 0) - diedMs)
      }
      await race(import.meta.url, { dir, cast: { victim: 1, heir: 3 }, rounds: sized(5, 100), after })
      const sorted = gaps.toSorted((a, b) => a - b)
      const [median = 0, longest = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
      note(`the next one began ${median.toFixed(1)} ms after the death (median), ${longest.toFixed(1)} at most`)
      // How soon is a matter of the machine, too: at full size it is left alone.
      assert.ok(median < sized(Number.POSITIVE_INFINITY, 50))
    },
  )

  raced('race: a live holder that is stopped for longer than its lease is not robbed', async () => {
    const after = (results: readonly Result[]) => {
      assert.equal(threw(results), [])
      const got = results.map(({ value }) => value as { value: string; source: string })
      assert.equal(
        got.map(({ value }) => value),
        ['sleeper', 'sleeper'],
      )
      assert.equal(got.map(({ source }) => source).toSorted(), ['made', 'waited'])
    }
    await race(import.meta.url, { dir: scratch(), cast: { sleeper: 1, waker: 1 }, rounds: sized(1, 20), after })
  })
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
