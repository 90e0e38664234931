// One instance among all processes; the others get its data when it is ready.

import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { lock, single, within } from 'holdfast'
import { dual, fs, orNothing, type Steps, tidy } from 'holdfast/steps'
import { contender, killedAt, overlaps, type World } from 'holdfast/testing'
import {
  answers,
  assert,
  caught,
  explored,
  holds,
  nobodyThrew,
  note,
  places,
  prove,
  race,
  raced,
  scratch,
  sized,
} from './support/kit.js'
import { assertRefusesBadInput } from './support/laws.js'
import { assertHeldByNamed } from './support/left.js'
import { layLock } from './support/locks.js'

interface Data {
  readonly pid: number
  readonly nth: number
}

const place = (): string => join(scratch(), 'server')

/** Is there a process with this pid that has not ended? One that was killed stays a zombie until its parent asks. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Says that it is up, and which others are. */
function up(dir: string, round: number): Data {
  const others = readdirSync(dir).filter(name => name.startsWith(`up-${round}-`))
  const living = others.map(name => Number(name.split('-')[2])).filter(pid => pid !== process.pid && lives(pid))
  if (living.length > 0) throw new Error(`process ${living} is up`)
  writeFileSync(join(dir, `up-${round}-${process.pid}`), '')
  return { pid: process.pid, nth: others.length }
}

function* starting(
  dir: string,
  round: number,
  dies = false,
): Steps<{ readonly isFirst: boolean; readonly data: Data | undefined }> {
  const start = () => {
    const data = up(dir, round)
    if (dies && Math.random() < 0.5) process.kill(process.pid, 'SIGKILL')
    return data
  }
  const { hold, data } = yield* single.steps(join(dir, `server-${round}`), { start })
  // A process that is the one stays it until it ends.
  return { isFirst: hold !== undefined, data }
}

/** What people write: a file with a pid, which is looked at first. */
function byPidFile(dir: string, round: number): { readonly isFirst: boolean } {
  const file = join(dir, `pid-${round}`)
  const pid = ((): number => {
    try {
      return Number(readFileSync(file, 'utf8'))
    } catch {
      return 0
    }
  })()
  if (pid > 0 && lives(pid)) return { isFirst: false }
  writeFileSync(file, `${process.pid}`)
  return { isFirst: true }
}

const plays = {
  starter: (dir: string, round: number) => dual(() => starting(dir, round))(),
  victim: (dir: string, round: number) =>
    dual(() => killedAt(starting(dir, round, true), Math.floor(Math.random() * 30)))(),
  pidFile: byPidFile,
}

if (!contender(plays)) {
  for (const form of ['promise', 'sync'] as const)
    holds(`${form}: the first one starts, and the others get its data and who it is`, async () => {
      const path = place()
      const start = () => ({ url: 'http://localhost:1', pid: process.pid })
      const call = async () => (form === 'sync' ? single.sync(path, { start }) : single(path, { start }))
      const first = await call()
      const second = await call()
      assert.ok(first.isFirst && !second.isFirst)
      assert.equal(first.data, start())
      assert.equal(second.data, start())
      assert.is(second.holder?.pid, process.pid)
      assert.equal((await lock.holder(path))?.data, start())
      assert.is(await lock.try(path), undefined)
      await first.lease?.release()
      await using third = await call()
      assert.ok(third.isFirst)
    })

  holds('data need not come from a start, and none is null', async () => {
    const path = place()
    {
      await using first = await single(path, { data: { port: 1 }, start: () => undefined as never })
      assert.equal(first.data, { port: 1 })
      await using second = await single<{ port: number }>(path)
      assert.is(second.data?.port, 1)
    }
    using first = single.sync(path)
    assert.is(first.data, undefined)
    assert.is((await single(path)).data, null)
  })

  holds('while it starts, others wait, or are told at once that it is not ready', async () => {
    const path = place()
    let isReady = false
    const ready = new AbortController()
    const begun = new AbortController()
    const starts = single(path, {
      start: async () => {
        begun.abort()
        await once(ready.signal, 'abort')
        isReady = true
        return 1
      },
    })
    if (!begun.signal.aborted) await once(begun.signal, 'abort')
    const early = await single(path, { wait: false })
    assert.ok(!isReady && !early.isFirst && early.data === undefined && early.holder)
    const { holder } = await assertHeldByNamed(() => single(path, { timeout: 20 }))
    assert.is(holder?.pid, process.pid)
    await assert.rejects(single(path, { signal: AbortSignal.timeout(20) }), { code: 'ABORT_ERR' })
    assert.not(isReady)
    const waits = single(path)
    await wait(20)
    ready.abort()
    const later = await waits
    assert.ok(isReady && !later.isFirst)
    assert.is(later.data, 1)
    await (await starts).lease?.release()
  })

  holds('an error of start is thrown unchanged, and one that waits takes its place', async () => {
    const path = place()
    const own = new Error('own')
    const fails = single(path, {
      start: async () => {
        await wait(50)
        throw own
      },
    })
    await wait(10)
    const next = single(path, { start: () => 2 })
    assert.is(await fails.catch(error => error), own)
    await using second = await next
    assert.ok(second.isFirst)
    for (const start of [() => Promise.reject(own), () => { throw own }]) // biome-ignore format: short
      assert.is(await single(place(), { start }).catch((error: unknown) => error), own)
    assert.throws(() => single.sync(place(), { start: async () => 1 }), { code: 'ERR_INVALID_RETURN_VALUE' })
  })

  holds('a call that is stopped while it starts is the one all the same, because it has started', async () => {
    const stop = new AbortController()
    const start = async () => {
      stop.abort()
      await wait(50)
      return 1
    }
    await using first = await single(place(), { start, signal: stop.signal })
    assert.ok(first.isFirst)
    assert.is(first.data, 1)
  })

  holds('a start that asks for itself is refused, instead of waiting for itself', async () => {
    const path = place()
    await assert.rejects(single(path, { start: () => single(path).then(({ data }) => data) }), {
      code: 'ERR_LOCK_HELD',
    })
    assert.is(await lock.holder(path), undefined)
  })

  holds('one that loses its lock while it starts does not say that it is ready', async () => {
    const path = place()
    const start = async () => {
      rmSync(`${path}.lock`, { recursive: true })
      return 1
    }
    await assert.rejects(single(path, { start }), { code: 'ERR_LEASE_LOST' })
    const first = await single(path)
    const { signal } = first.lease as NonNullable<typeof first.lease>
    rmSync(`${path}.lock`, { recursive: true })
    await assert.rejects(first.lease?.renew() as Promise<void>, { code: 'ERR_LEASE_LOST' })
    assert.ok(signal.aborted)
  })

  holds('below a root, and beside another package or with data that is no JSON', async () => {
    const dir = scratch()
    await using root = await within(dir)
    await using first = await root.single('server', { data: 1 })
    assert.ok(first.isFirst)
    assert.is((await root.single('server')).data, 1)
    assert.is((await single(join(dir, 'server'))).data, 1)
    await assert.rejects(root.single('../server'), { code: 'ERR_OUTSIDE_ROOT' })
    const loop: unknown[] = []
    loop.push(loop)
    await assert.rejects(single(join(dir, 'x'), { data: loop }), { name: 'TypeError' })
    await assert.rejects(single(join(dir, 'x'), { start: () => loop }), { name: 'TypeError' })
    await using after = await single(join(dir, 'x'))
    assert.ok(after.isFirst)
  })

  holds('bad input is refused before anything is done', async () => {
    const dir = scratch()
    const path = join(dir, 'x')
    await assertRefusesBadInput(single as never, dir, [
      [[path, { start: 5 }], 'ERR_INVALID_ARG_TYPE'],
      [[path, { wait: 'no' }], 'ERR_INVALID_ARG_TYPE'],
      [[5], 'ERR_INVALID_ARG_TYPE'],
      [[path, { begin: 1 }], 'ERR_INVALID_ARG_VALUE'],
    ])
  })

  /** Starts, or finds who did; keeps the lock. */
  function* player(dir: string, name: string): Steps<{ readonly isFirst: boolean; readonly data: string | undefined }> {
    const { hold, data } = yield* single.steps(join(dir, 'x'), { start: () => name })
    return { isFirst: hold !== undefined, data }
  }

  function* byLook(dir: string, name: string): Steps<{ readonly isFirst: boolean; readonly data: string | undefined }> {
    const there = yield* fs.lstat(join(dir, 'y'), orNothing)
    if (there) return { isFirst: false, data: undefined }
    yield* tidy(fs.mkdir(join(dir, 'y')))
    return { isFirst: true, data: name }
  }

  const starters = (play: typeof player, more: Partial<World> = {}): World => ({
    ...more,
    setup: dir => layLock(join(dir, 'x'), ['f', '1', 'clock']),
    players: dir => ({ A: play(dir, 'A'), B: play(dir, 'B') }),
    check: ending => {
      nobodyThrew(ending)
      const found = answers(ending) as { readonly isFirst: boolean; readonly data: string | undefined }[]
      const firsts = found.filter(({ isFirst }) => isFirst)
      if (firsts.length > 1) throw new Error('two are the one')
      for (const { data } of found)
        if (data !== firsts[0]?.data && ending.outcomes[data as string]?.how !== 'killed')
          throw new Error(`one has the data of ${data}`)
    },
  })

  for (const kills of [0, 1])
    explored(`explored: two start, ${kills} killed: one of the living is the one, and the other has its data`, () => {
      const preemptions = sized(1, 3)
      prove(`single, ${kills} killed`, starters(player, { kills }), { preemptions, maxSchedules: 1_000_000 })
    })

  explored('the same world catches: a look whether one is there, which says so before it is ready', () => {
    caught('a look', /two are the one|has the data of undefined/, starters(byLook))
  })

  for (const { kind, dir: at } of places.slice(0, sized(1, places.length)))
    raced(
      `race on ${kind}: five start at once, some are killed at any of their calls: one instance at every moment`,
      async () => {
        const dir = scratch(at)
        const rounds = sized(8, 200)
        const history = await race(import.meta.url, { dir, cast: { starter: 2, victim: 3 }, rounds })
        let [died, takenOver] = [0, 0]
        for (const results of history) {
          assert.equal(results.flatMap(({ how, message }) => (how === 'threw' ? [message] : [])), []) // biome-ignore format: short
          died += results.filter(({ how }) => how === 'died').length
          const found = results.flatMap(({ value }) => (value as { isFirst: boolean; data: Data } | undefined) ?? [])
          const firsts = found.filter(({ isFirst }) => isFirst)
          assert.ok(firsts.length <= 1)
          const [first] = firsts
          if (first && first.data.nth > 0) takenOver++
          // Who is not the one has the data of the one, or of one that has died.
          for (const { data } of found) assert.ok(data.pid === first?.data.pid || !lives(data.pid), `${data.pid} lives`)
        }
        note(`${kind}: ${died} killed, ${takenOver} starts after one that had died`)
        assert.ok(died > 0 && takenOver >= sized(0, 1) && history.filter(overlaps).length > rounds / 2)
      },
    )

  raced('the same race catches: a file with a pid', async () => {
    const dir = scratch()
    const history = await race(import.meta.url, { dir, cast: { pidFile: 5 }, rounds: 30 })
    const double = history.filter(
      results => results.filter(({ value }) => (value as { isFirst: boolean }).isFirst).length > 1,
    )
    note(`a file with a pid: ${double.length} of 30 rounds had more than one`)
    assert.ok(double.length > 0)
  })
}
