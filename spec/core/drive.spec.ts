// The drivers let nothing escape: whatever goes wrong in performing a call comes back into the algorithm.

import { AsyncLocalStorage } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { getOrCreate, lock, updateFile, withLock, writeFile, writeFiles } from 'holdfast'
import { door, drive, driveSync, dual, fs, type Outcome, type Patience, type Steps, together } from 'holdfast/steps'
import type { Call } from '../../lib/core/alphabet.js'
import { Drive } from '../../lib/core/drive-async.js'
import { allOps, opsThat } from '../../lib/core/traits.js'
import { escapes, injecting, manners } from '../broken/inject.js'
import { cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'
import { assert, holds, memory, note, scratch, sized } from '../support/kit.js'
import { privateNames } from '../support/trees.js'

const waits = opsThat('waits')
/** These give something back: an error of theirs is no reason to give it back again. */
const cleaning = opsThat('givesBack', 'inline')

/** These the drivers make of others, or know themselves: none comes to the door as it is. */
const composed: ReadonlySet<string> = new Set(['together', 'inOneGo', 'retryFor'])

const forms = ['promise', 'sync'] as const

holds(
  'an error of any call, however it comes, reaches the algorithm as the same object, and every finally runs',
  async () => {
    const escaped = await escapes(async () => {
      for (const op of allOps.filter(op => !composed.has(op)))
        for (const manner of manners)
          for (const form of forms)
            for (const how of ['alone', 'together'] as const) {
              if (how === 'together' && waits.has(op)) continue
              const { door, error } = injecting(manner, call => call.op === op)
              const said: unknown[] = []
              const call = { op, args: [] } as Call
              const other = { op: 'now', args: [] } as Call
              const steps = (function* (): Steps<string> {
                try {
                  if (how === 'alone') yield call
                  else {
                    const [first, second] = (yield { op: 'together', args: [[call, other]] }) as Outcome<unknown>[]
                    assert.ok('value' in (second as object), 'the other call has its own outcome')
                    throw 'error' in (first as object) ? (first as { error: unknown }).error : 'no error'
                  }
                  return 'no error'
                } catch (caught) {
                  said.push(caught === error)
                  throw caught
                } finally {
                  said.push(typeof (yield* fs.realpath('/')))
                }
              })()
              const where = `${op} ${manner} ${form} ${how}`
              try {
                await (form === 'sync' ? driveSync(steps, { door }) : drive(steps, { door }))
                assert.unreachable(where)
              } catch (caught) {
                assert.ok(caught === error, `${where}: ${caught}`)
              }
              assert.equal(said, [true, 'string'], where)
            }
    })
    assert.equal(escaped, [])
  },
)

holds('what Node refuses at once comes back into the algorithm', async () => {
  const bad: readonly [string, Call][] = [
    [
      'a view over 2 GiB',
      { op: 'write', args: [1, { length: 2 ** 31 + 1, buffer: new ArrayBuffer(1), byteOffset: 0 }] },
    ],
    ['no path', { op: 'open', args: [undefined, 'r'] }],
    ['no call of the alphabet', { op: 'truncate', args: ['/'] } as never],
    ['nothing at all', undefined as never],
  ]
  const escaped = await escapes(async () => {
    for (const [what, call] of bad)
      for (const form of forms) {
        const said: unknown[] = []
        const steps = (function* (): Steps<void> {
          try {
            yield call
          } finally {
            said.push(yield* fs.blocking())
          }
        })()
        const run = async () => (form === 'sync' ? driveSync(steps) : drive(steps))
        const error = await run().catch(error => error)
        assert.instance(error, TypeError, `${what}: ${error}`)
        assert.equal(said, [form === 'sync'], what)
      }
  })
  assert.equal(escaped, [])
})

/** Node's own model of permissions, under which calls are refused at once: before they are made, not by the system. */
const permission = Number(process.versions.node.split('.')[0]) >= 24 ? '--permission' : '--experimental-permission'

if (process.platform !== 'linux') holds.skip('what the permission model refuses', 'it was tried on Linux only')
else
  holds('what the permission model refuses comes out as it is, and the lock is given back', () => {
    const dir = scratch()
    const script = `
      import { lock, updateFile } from ${JSON.stringify(import.meta.resolve('holdfast'))}
      const file = ${JSON.stringify(join(dir, 'f'))}
      for (const call of [updateFile, async (...args) => updateFile.sync(...args)]) {
        const code = await call(file, () => 'x').catch(error => error.code)
        const lease = await lock.try(file)
        console.log(code, lease !== undefined)
        await lease?.release()
      }`
    const allowed = ['--allow-fs-read=*', `--allow-fs-write=${dir}/f.lock*`, `--allow-fs-write=${dir}/.f.lock*`]
    const args = [permission, ...allowed, '--no-warnings', '--input-type=module', '-e', script]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.is(stdout, 'ERR_ACCESS_DENIED true\n'.repeat(2), stderr)
  })

const open = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0)

/** Fails every call of one function once. Returns how many calls failed, and what escaped. */
async function failEveryCall({ lay, steps }: (typeof cases)[number], every: number, from: number) {
  let points = 0
  const escaped = await escapes(async () => {
    for (let k = from; ; k += every) {
      const dirs = [scratch(), scratch(memory)] as const
      lay?.(...dirs)
      const before = open()
      let calls = 0
      const manner = manners[Math.floor(k / every) % manners.length] as (typeof manners)[number]
      const { door, error } = injecting(manner, call => !waits.has(call.op) && calls++ === k)
      const form = Math.floor(k / every) % 2 ? 'sync' : 'promise'
      let thrown: unknown
      try {
        const running = steps(...dirs)
        await (form === 'sync' ? driveSync(running, { door }) : drive(running, { door }))
      } catch (caught) {
        thrown = caught
      }
      if (calls <= k) return
      points++
      const where = `call ${k}, ${manner}, ${form}`
      assert.is(open(), before, `${where}: a descriptor is left`)
      if (thrown !== undefined) {
        const causes = [thrown, (thrown as Error).cause, ((thrown as Error).cause as Error | undefined)?.cause]
        assert.ok(causes.includes(error), `${where}: ${(thrown as Error).stack}`)
      }
    }
  })
  return { points, escaped }
}

for (const one of [...cases, ...storeCases, ...treeCases]) {
  holds(`${one.name}: no error of any call escapes, and no descriptor is left`, async () => {
    const isTree = treeCases.includes(one)
    const { points, escaped } = await failEveryCall(
      one,
      isTree ? sized(397, 7) : sized(one.name === 'probe' ? 29 : 3, 1),
      0,
    )
    assert.equal(escaped, [])
    assert.ok(points > 0)
    note(`${one.name}: ${points} points, ${escaped.length} escapes`)
  })
}

holds('a failed call under a lock gives the lock back', async () => {
  const dir = scratch()
  const path = join(dir, 'f')
  for (const op of allOps.filter(op => !waits.has(op) && !cleaning.has(op) && !composed.has(op))) {
    let locked = false
    const { door } = injecting('at once', call => {
      locked ||= call.op === 'rename' || call.op === 'mkdir'
      return locked && call.op === op
    })
    await drive(
      updateFile.steps(path, () => `${Math.random()}`),
      { door },
    ).catch(() => {})
    await withLock(path, () => {}, { timeout: 20_000 })
  }
  assert.equal(privateNames(dir), [])
})

holds('a stream that fails while its call waits for its turn rejects that call, and nothing else', async () => {
  const dir = scratch()
  const escaped = await escapes(async () => {
    const path = join(dir, 'f')
    const slow = new PassThrough()
    const first = writeFile(path, slow)
    const failing = new PassThrough()
    const second = writeFile(path, failing)
    second.catch(() => {})
    failing.destroy(new RangeError('mine'))
    await wait(20)
    slow.end('slow')
    await first
    await assert.rejects(second, { name: 'RangeError' })
    // Most of many files wait for their turn.
    const streams = Array.from({ length: 200 }, () => new PassThrough())
    const many = writeFiles(
      streams.map((stream, at) => [join(dir, `f${at}`), stream] as const),
      { concurrency: 4 },
    )
    streams.at(-1)?.destroy(new RangeError('mine'))
    await wait(20)
    for (const stream of streams.slice(0, -1)) stream.end('x')
    await assert.rejects(many, { name: 'RangeError' })
    assert.ok(streams.every(stream => stream.destroyed))
    await assert.rejects(
      getOrCreate(join(dir, 'g'), () => {
        const late = new PassThrough()
        setImmediate(() => late.destroy(new RangeError('mine')))
        return late
      }),
      { name: 'RangeError' },
    )
  })
  assert.equal(escaped, [])
  assert.equal(privateNames(dir), [])
})

holds('a long wait keeps nothing for each heartbeat, and many waits for one signal keep one listener', async () => {
  const dir = scratch()
  const stop = new AbortController()
  const warnings: Error[] = []
  const note = (warning: Error) => void warnings.push(warning)
  process.on('warning', note)
  try {
    const lease = await lock(join(dir, 'held'))
    const waiting = Array.from({ length: 20 }, () =>
      withLock(join(dir, 'held'), () => {}, { signal: stop.signal }).catch(error => error.code),
    )
    await wait(50)
    stop.abort()
    assert.equal(new Set(await Promise.all(waiting)), new Set(['ABORT_ERR']))
    await lease.release()
    const never = new Promise(() => {})
    let reactions = 0
    const countThen = (...handlers: []) => {
      reactions++
      return Promise.prototype.then.apply(never, handlers)
    }
    Object.defineProperty(never, 'then', { value: countThen })
    const steps = (function* (): Steps<void> {
      for (let beat = 0; beat < 500; beat++) yield* fs.settle(never, 0)
    })()
    await drive(steps)
    assert.is(reactions, 1)
    await wait(5)
    assert.equal(warnings, [])
  } finally {
    process.off('warning', note)
  }
})

holds(
  'a call that throws at once when its turn has come, or a seat is free, comes back into the algorithm',
  async () => {
    const escaped = await escapes(async () => {
      const { door, error } = injecting('at once', ({ op }) => op === 'lstat')
      const said: string[] = []
      const steps = (function* (): Steps<void> {
        try {
          yield* fs.lstat('/')
        } finally {
          said.push(yield* fs.realpath('/'))
        }
      })()
      const before = wait(5)
      const running = new Promise<void>((resolve, reject) =>
        new Drive({ steps, door, before, deadline: undefined, resolve, reject }).start(),
      )
      await running.then(
        () => assert.unreachable(),
        caught => assert.ok(caught === error),
      )
      assert.equal(said, [realpathSync.native('/')])
    })
    assert.equal(escaped, [])
  },
)

holds('what comes after the caller has gone on is given back, and its turn lasts until then', async () => {
  const given: string[] = []
  const late = dual(
    function* late(_name: string, _options: Patience = {}): Steps<string> {
      try {
        yield* fs.sleep(1000)
      } catch {}
      return yield* fs.settle(wait(200).then(() => 'late'))
    },
    {
      turns: name => [name],
      *giveBack(value) {
        yield* fs.sleep(20)
        given.push(value)
      },
    },
  )
  await assert.rejects(late('x', { timeout: 10 }), { code: 'ERR_TIMEOUT' })
  assert.equal(given, [])
  const next = dual(
    function* next(_name: string): Steps<number> {
      yield* fs.now()
      return given.length
    },
    { turns: name => [name] },
  )
  assert.is(await next('x'), 1)
  assert.equal(given, ['late'])
})

holds('faults that a user puts into the door reach every call, also each of several at once', async () => {
  const dir = scratch()
  const seen: string[] = []
  const watching = {
    ...door,
    perform: (...[call, done]: Parameters<typeof door.perform>) => {
      seen.push(call.op)
      return door.perform(call, done)
    },
  }
  await drive(writeFile.steps(join(dir, 'f'), 'x'), { door: watching })
  assert.ok(
    ['open', 'write', 'fstat', 'fsync', 'rename', 'close'].every(op => seen.includes(op)),
    `${seen}`,
  )
  const [outcome] = await drive(together([fs.lstat(join(dir, 'none'))]), { door: watching })
  assert.is((outcome as { error: { code: string } }).error.code, 'ENOENT')
})

holds('whatever ends a wait, each call goes on in its own asynchronous context', async () => {
  const dir = scratch()
  const store = new AsyncLocalStorage<number>()
  let release = (_: string) => {}
  const shared = new Promise<string>(resolve => {
    release = resolve
  })
  let shortages = 20
  const short: typeof door = {
    ...door,
    perform(call, done) {
      if (call.op !== 'readdir' || shortages-- <= 0) return door.perform(call, done)
      const error = Object.assign(new Error('EMFILE'), { code: 'EMFILE', errno: -24, syscall: 'scandir' })
      setImmediate(() => done(error))
      return undefined
    },
  }
  const seen = Array.from({ length: 60 }, (_, at) =>
    store.run(at, async () => {
      const path = join(dir, String(at % 3))
      // They share a promise, take turns, and wait for a lock, for the pool and for a descriptor.
      await drive(
        (function* (): Steps<void> {
          yield* fs.settle(shared)
          assert.is(store.getStore(), at)
        })(),
      )
      await updateFile(path, () => `${assert.is(store.getStore(), at)}`)
      await getOrCreate(`${path}-made`, () => `${store.getStore()}`, { validate: () => store.getStore() === at })
      const calls: (() => Steps<unknown>)[] = [
        () => fs.lstat(path),
        () => fs.readdir(dir),
        () => together([fs.lstat(path), fs.lstat(dir)]),
      ]
      await Promise.all(
        Array.from({ length: 40 }, (_, one) =>
          drive(
            (function* (): Steps<void> {
              yield* (calls[one % calls.length] as () => Steps<unknown>)()
              assert.is(store.getStore(), at)
            })(),
            { door: short },
          ),
        ),
      )
    }),
  )
  release('shared')
  await Promise.all(seen)
  assert.ok(shortages <= 0)
})
