// Nothing waits without end: each call rejects within 100 ms of its signal, whatever it does or waits for.

import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  cell,
  copy,
  createExclusive,
  emptyDir,
  getOrCreate,
  link,
  lock,
  type Patience,
  remove,
  type State,
  sweep,
  updateFile,
  withLock,
  writeFile,
} from 'holdfast'
import { contentStore } from 'holdfast/content'
import { door, drive, driveSync, fs, type Steps } from 'holdfast/steps'
import { fileStore, getOrSet, getOrSetMany, limiter, storeLock } from 'holdfast/store'
import { uninterruptible } from '../../lib/parts/cleanup.js'
import { type Case, cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'
import { assert, holds, memory, note, raced, scratch, sized } from '../support/kit.js'
import { eventually } from '../support/left.js'
import { privateNames } from '../support/trees.js'
import { isWine } from '../windows/flavour.js'
import type { Stopped } from './stopped.js'

const child = fileURLToPath(new URL('stopped.js', import.meta.url))
const all: readonly Case[] = [...cases, ...storeCases, ...treeCases]

function layAll(dir: string, across: string): void {
  for (const [at, one] of all.entries()) {
    const dirs = [join(dir, String(at)), join(across, String(at))] as const
    for (const one of dirs) mkdirSync(one)
    one.lay?.(...dirs)
  }
}

async function stopAll(moments: readonly number[], dir: string, across: string): Promise<Stopped[]> {
  const args = [child, dir, across, moments.join()]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 })
  return JSON.parse(stdout)
}

/** Removes what a dead process has left, in every directory, and returns what is left all the same. */
function sweepAll(dir: string): string[] {
  sweep.sync(dir, { grace: 0, recursive: true })
  const left = privateNames(dir)
  // Wine removes nothing that is read-only, as links to blobs are.
  return isWine ? left.filter(name => !name.includes('sha256-')) : left
}

raced('stopped at random moments, each function rejects within 100 ms, and leaves the old or the new', async () => {
  const turns = sized(4, 50)
  const table = new Map(all.map(({ name }) => [name, { longest: 0, late: 0, rejected: 0, old: 0, new: 0 }]))
  // The first turn stops nothing: it shows how long each function takes.
  let spans = all.map(() => 5000)
  for (let turn = 0; turn <= turns; turn++) {
    const [dir, across] = [scratch(), scratch(memory)]
    layAll(dir, across)
    const seen = await stopAll(turn === 0 ? spans : spans.map(span => Math.random() * span), dir, across)
    if (turn === 0) {
      spans = await spansOf(dir, across)
      continue
    }
    for (const [at, one] of all.entries()) {
      const { name, code, ms, late } = seen[at] as Stopped
      const row = table.get(name) as { longest: number; late: number; rejected: number; old: number; new: number }
      assert.ok(code === undefined || code === 'ABORT_ERR', `${name}: ${code}`)
      row.longest = Math.max(row.longest, ms)
      row.late += Number(late)
      row.rejected += Number(code !== undefined)
      const state = one.state(join(dir, String(at)), join(across, String(at)))
      assert.ok(state === 'old' || state === 'new', `${name}: ${state}`)
      row[state]++
    }
    for (const place of [dir, across]) {
      assert.equal(sweepAll(place), [])
      rmSync(place, { recursive: true })
    }
  }
  for (const [name, row] of table) {
    note(`${name}: ${row.rejected} rejected, longest ${row.longest.toFixed(1)} ms, ${row.old} old, ${row.new} new`)
    assert.is(row.late, 0, name)
  }
  assert.ok(
    [...table.values()].filter(({ rejected }) => rejected > 0).length > all.length / 2,
    'most calls were stopped',
  )
})

/** How long each function takes that is not stopped. */
async function spansOf(dir: string, across: string): Promise<number[]> {
  for (const place of [dir, across])
    for (const name of readdirSync(place)) rmSync(join(place, name), { recursive: true })
  layAll(dir, across)
  const spans: number[] = []
  for (const [at, one] of all.entries()) {
    const began = performance.now()
    await one.call(join(dir, String(at)), join(across, String(at)))
    spans.push(performance.now() - began)
  }
  return spans
}

const storeIn = (dir: string) => fileStore<string>(join(dir, 'store'))
const never = () => new Promise<never>(() => {})

/** Calls that wait for something that never comes. */
const waits: Readonly<Record<string, (dir: string, options: Patience) => Promise<unknown>>> = {
  'a lock': (dir, options) => lock(join(dir, 'held'), options),
  'a lock, to work under it': (dir, options) => withLock(join(dir, 'held'), () => {}, options),
  'a lock, to change a file': (dir, options) => updateFile(join(dir, 'held'), () => 'x', options),
  'a lock, to make a file': (dir, options) => getOrCreate(join(dir, 'held'), () => 'x', options),
  'its turn': (dir, options) => writeFile(join(dir, 'turn'), 'x', options),
  'the change of a file': (dir, options) => updateFile(join(dir, 'changed'), never, options),
  'a producer': (dir, options) => getOrCreate(join(dir, 'made'), never, options),
  'a producer of a directory': (dir, options) =>
    getOrCreate<'directory'>(join(dir, 'made-dir'), never, { kind: 'directory', ...options }),
  'a validation': (dir, options) => getOrCreate(join(dir, 'file'), () => 'x', { validate: never, ...options }),
  'a filter': (dir, options) => copy(join(dir, 'tree'), join(dir, 'copy'), { filter: never, ...options }),
  'a report of progress': (dir, options) => remove(join(dir, 'tree'), { onProgress: never as never, ...options }),
  'the name of a file': (dir, options) => link(never, join(dir, 'link'), options),
  'a stream': (dir, options) => writeFile(join(dir, 'streamed'), new PassThrough(), options),
  'a value that it makes for a store': (dir, options) => getOrSet(storeIn(dir), 'k', never, options),
  'values that it makes for a store': (dir, options) => getOrSetMany(storeIn(dir), ['k'], never, options),
  'a change of a value': (dir, options) => {
    const store = storeIn(dir)
    store.create.sync('k', 'x')
    return store.update('k', never, options)
  },
  'a lock in a store': (dir, options) => {
    const store = storeIn(dir)
    storeLock.sync(store, 'k')
    return storeLock(store, 'k', options)
  },
  'what is allowed in an hour': (dir, options) => {
    const limited = limiter(join(dir, 'limits'), { limit: 1, per: 3_600_000 })
    limited.hit.sync('k')
    return limited.wait('k', options)
  },
  'the stream of a blob': (dir, options) => contentStore(join(dir, 'blobs')).put(new PassThrough(), options),
  'the stream of a producer': (dir, options) => getOrCreate(join(dir, 'stream-made'), () => new PassThrough(), options),
}

for (const [what, call] of Object.entries(waits))
  holds(`a call that waits for ${what} ends within 100 ms of its signal and of its timeout`, async () => {
    for (const how of ['signal', 'timeout'] as const) {
      const dir = scratch()
      writeFileSync(join(dir, 'file'), 'x')
      mkdirSync(join(dir, 'tree/sub'), { recursive: true })
      const held = lock.sync(join(dir, 'held'))
      const first = new PassThrough()
      const turn = writeFile(join(dir, 'turn'), first)
      const stop = new AbortController()
      const began = performance.now()
      const waiting = call(dir, how === 'signal' ? { signal: stop.signal } : { timeout: 150 })
      // It waits until then.
      const early = await Promise.race([waiting.then(String, String), wait(140)])
      // A busy machine may have been late itself.
      assert.ok(early === undefined || performance.now() - began >= 150, `${early}`)
      await wait(Math.max(0, 150 - (performance.now() - began)))
      let overdue = false
      const timer = setTimeout(() => {
        overdue = true
      }, 100)
      stop.abort()
      const error = (await waiting.catch(error => error)) as NodeJS.ErrnoException
      clearTimeout(timer)
      assert.not(overdue, `${how}: ${performance.now() - began} ms`)
      const codes = how === 'signal' ? ['ABORT_ERR'] : ['ERR_TIMEOUT', 'ERR_LOCK_HELD']
      assert.ok(codes.includes(error.code ?? ''), `${how}: ${error}`)
      held.release.sync()
      first.end('first')
      await turn
      // What the call has begun comes to its end in the background.
      await eventually(() => assert.equal(privateNames(dir), []))
    }
  })

holds('a call whose clean-up blocks the event loop is left in the first turn that comes after 50 ms', async () => {
  const stop = new AbortController()
  const steps = (function* (): Steps<void> {
    try {
      yield* fs.sleep(60_000)
    } finally {
      for (const until = performance.now() + 150; performance.now() < until; );
      yield* uninterruptible(() => fs.sleep(300))
    }
  })()
  let overdue = false
  const stopped = drive(steps, { signal: stop.signal }).catch(error => error.code)
  const timer = setTimeout(() => {
    overdue = true
  }, 100)
  stop.abort()
  assert.is(await stopped, 'ABORT_ERR')
  clearTimeout(timer)
  assert.not(overdue)
})

holds(
  'a callback that is left behind has been given the signal, and nothing that it makes later is published',
  async () => {
    const dir = scratch()
    for (const how of ['signal', 'timeout'] as const)
      for (const call of [updateFile, getOrCreate] as ((...args: unknown[]) => Promise<unknown>)[]) {
        let signal: AbortSignal | undefined
        // On a busy machine the time may be up before the callback is called.
        for (let timeout = 50; !signal; timeout *= 2) {
          const stop = new AbortController()
          const late = async (_: unknown, work: { readonly signal: AbortSignal }) => {
            signal = work.signal
            if (how === 'signal') stop.abort()
            await wait(timeout + 120)
            return 'late'
          }
          const options = how === 'signal' ? { signal: stop.signal } : { timeout }
          const error = await assert.rejects(call(join(dir, 'f'), late, options), {})
          assert.match((error as NodeJS.ErrnoException).code ?? '', /^(ERR_TIMEOUT|ABORT_ERR)$/)
          await wait(timeout + 200)
        }
        assert.ok(signal.aborted)
        await eventually(() =>
          assert.equal(
            readdirSync(dir).filter(name => !name.endsWith('.lock')),
            [],
          ),
        )
        // The lock is free again.
        await withLock(join(dir, 'f'), () => {}, { timeout: 30_000 })
      }
  },
)

holds('every function obeys a signal that is aborted already, before it does anything', async () => {
  const dir = scratch()
  const state = cell.create.sync(join(dir, 'cell'), { fields: ['a'] }) as State
  const gone = cell.swap.sync(join(dir, 'cell'), state, { gone: true }) as State
  writeFileSync(join(dir, 'file'), 'x')
  const at = (name: string) => join(dir, name)
  const before = readdirSync(dir, { recursive: true }).sort()
  type Call = (options: Patience) => unknown
  const calls: readonly (readonly [Call, Call])[] = [
    [options => cell.create(at('c'), {}, options), options => cell.create.sync(at('c'), {}, options)],
    [options => cell.swap(at('cell'), gone, {}, options), options => cell.swap.sync(at('cell'), gone, {}, options)],
    [options => cell.clear(at('cell'), gone, options), options => cell.clear.sync(at('cell'), gone, options)],
    [options => cell.read(at('cell'), options), options => cell.read.sync(at('cell'), options)],
    [options => cell.load(at('cell'), options), options => cell.load.sync(at('cell'), options)],
    [options => lock.try(at('l'), options), options => lock.try.sync(at('l'), options)],
    [options => lock.holder(at('l'), options), options => lock.holder.sync(at('l'), options)],
    [options => remove(at('file'), options), options => remove.sync(at('file'), options)],
    ...all.map(
      one =>
        [
          (options: Patience) => one.call(dir, dir, options),
          (options: Patience) => one.sync(dir, dir, options),
        ] as const,
    ),
  ]
  for (const [at, [call, sync]] of calls.entries()) {
    await assert.rejects(Promise.resolve(call({ signal: AbortSignal.abort() })), { code: 'ABORT_ERR' }).catch(error => {
      throw new Error(`call ${at}: ${error}`)
    })
    assert.throws(() => sync({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  }
  assert.equal(readdirSync(dir, { recursive: true }).sort(), before)
})

holds('only withLock waits for its work', async () => {
  const dir = scratch()
  const stop = new AbortController()
  let ended = false
  const working = withLock(
    join(dir, 'x'),
    async () => {
      stop.abort()
      await wait(250)
      ended = true
      return 'done'
    },
    { signal: stop.signal },
  )
  assert.is(await working, 'done')
  assert.ok(ended)
})

holds('emptyDir that is stopped stops deleting', async () => {
  const dir = scratch(memory)
  // Under Wine each takes ten times as long to make, to remove and to list.
  const files = isWine ? 4_000 : 16_000
  for (let at = 0; at < files; at++) writeFileSync(join(dir, `f${at}`), '')
  const stop = new AbortController()
  const stopped = emptyDir(dir, { signal: stop.signal })
  while (readdirSync(dir).length === files) await wait(1)
  stop.abort()
  await assert.rejects(stopped, { code: 'ABORT_ERR' })
  // What was under way then comes to its end.
  let left = readdirSync(dir).length
  for (let before = Number.NaN; before !== left; left = readdirSync(dir).length) {
    before = left
    await wait(100)
  }
  assert.ok(left > files / 2, `${left} are left`)
})

holds('a call that the system does not give back is left, and its result is given back when it comes', async () => {
  const dir = scratch()
  let giveBack: (() => void) | undefined
  let isOpen = false
  const stuck = {
    ...door,
    perform: (...[call, done]: Parameters<typeof door.perform>) => {
      if (call.op !== 'open') return door.perform(call, done)
      giveBack = () =>
        void door.perform(call, (error, value) => {
          isOpen = true
          done(error, value)
        })
      return undefined
    },
  }
  // On a busy machine the time may be up before the file is opened.
  for (let timeout = 30; !giveBack; timeout *= 2) {
    const steps = createExclusive.steps(join(dir, 'f'), 'x')
    await assert.rejects(drive(steps, { door: stuck, timeout }), { code: 'ERR_TIMEOUT' })
  }
  assert.equal(readdirSync(dir), [])
  giveBack?.()
  // The open is done, and what it made is removed again.
  await eventually(() => {
    assert.ok(isOpen)
    assert.equal(readdirSync(dir), [])
  })
})

holds(
  'on a disk that freezes while a call waits for a lock, its time-out still says that the lock is held',
  async () => {
    const dir = scratch()
    const path = join(dir, 'x')
    using _ = lock.sync(path)
    let isFrozen = false
    const freezing = {
      ...door,
      perform: (...[call, done]: Parameters<typeof door.perform>) => {
        if (call.op === 'sleep' || call.op === 'changed') isFrozen = true
        const isAboutDisk = ['open', 'list', 'lstat', 'stat', 'readFile', 'rename'].includes(call.op)
        return isFrozen && isAboutDisk ? undefined : door.perform(call, done)
      },
    }
    const waiting: readonly Steps<unknown>[] = [
      lock.steps(path),
      updateFile.steps(path, () => 'x'),
      getOrCreate.steps(path, () => 'x'),
    ]
    for (const steps of waiting) {
      isFrozen = false
      const error = await assert.rejects(drive(steps, { door: freezing, timeout: 300 }), { code: 'ERR_LOCK_HELD' })
      assert.is((error.cause as NodeJS.ErrnoException).code, 'ERR_TIMEOUT')
    }
  },
)

holds(
  'a call that gets the lock after its time-out, and is left at its work, is not said to have waited in vain',
  async () => {
    const path = join(scratch(), 'x')
    const other = lock.sync(path)
    let [looks, isKnown] = [0, false]
    let endWork = () => {}
    const working = new Promise<void>(resolve => {
      endWork = resolve
    })
    const late = {
      ...door,
      perform: (...[call, done]: Parameters<typeof door.perform>) => {
        // The first one begins the wait. The lock is free for the last try, and what comes after that does not end.
        if (call.op === 'ifLeft' && ++looks === 2) other.release.sync()
        isKnown ||= looks >= 2 && call.op === 'ifLeft' && call.args[0] === undefined
        return door.perform(call, done)
      },
    }
    const stopped = drive(
      withLock.steps(path, () => working),
      { door: late, timeout: 100 },
    )
    const error = (await assert.rejects(stopped, {})) as NodeJS.ErrnoException
    // A disk that is slow just then has not said in time that it has the lock.
    assert.is(error.code, isKnown ? 'ERR_TIMEOUT' : 'ERR_LOCK_HELD')
    assert.ok(looks >= 2)
    endWork()
    await eventually(() => assert.is(lock.holder.sync(path), undefined))
  },
)

holds('the sync form obeys its timeout between any two calls', () => {
  const steps = function* (): Steps<void> {
    for (;;) yield* fs.lstat('/')
  }
  // Without the timeout it has no end.
  assert.throws(() => driveSync(steps(), { timeout: 20 }), { code: 'ERR_TIMEOUT' })
})
