import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { cell, type Holder, lock, type State, updateFile, withLock } from 'holdfast'
import { type Dual, dual, fs } from 'holdfast/steps'
import { assert, holds, note, scratch } from './support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from './support/laws.js'
import { assertHeldByNamed, until } from './support/left.js'
import { numbered } from './support/locks.js'
import { isWindows } from './windows/flavour.js'

/** An owner of another machine. */
const stranger = 'elsewhere-1-0'

const held = (path: string, owner: string, fence = '1'): Promise<State | undefined> =>
  cell.create(`${path}.lock`, { fields: ['h', fence, owner] })

/** Runs a script in a process of its own; `path` and the package are there. */
function script(path: string, text: string, ...flags: string[]) {
  const whole = `import * as holdfast from ${JSON.stringify(import.meta.resolve('holdfast'))}
    const { lock, withLock } = holdfast, path = ${JSON.stringify(path)}
    ${text}`
  const { stdout, stderr, status, signal } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '-e', whole],
    {
      encoding: 'utf8',
      timeout: 240_000,
    },
  )
  return { said: stdout.trim(), warned: stderr, status, signal }
}

holds('taken, held, released, and taken again: the fence grows by one', async () => {
  const path = numbered(join(scratch(), 'thing'))
  for (const fence of [1, 2, 3]) {
    const lease = await lock(path)
    assert.is(lease.fence, fence)
    assert.is(await lock.try(path), undefined)
    const holder = await lock.holder(path)
    assert.equal([holder?.owner, holder?.pid, holder?.fence, holder?.alive], [lease.owner, process.pid, fence, true])
    await lease.renew()
    await lease.release()
    await lease.release()
    assert.is(await lock.holder(path), undefined)
  }
  assert.is(existsSync(path), false)
})

holds('the sync forms are the same lock', () => {
  const path = numbered(join(scratch(), 'thing'))
  const lease = lock.sync(path)
  assert.is(lock.try.sync(path), undefined)
  assert.is(lock.holder.sync(path)?.fence, 1)
  lease.renew.sync()
  lease.release.sync()
  assert.is(
    withLock.sync(path, ({ fence }) => fence),
    2,
  )
  assert.is(lock.try.sync(path)?.fence, 3)
})

holds('it is given back at the end of a block', async () => {
  const path = numbered(join(scratch(), 'thing'))
  {
    await using lease = await lock(path)
    assert.is(lease.fence, 1)
  }
  {
    using lease = lock.sync(path)
    assert.is(lease.fence, 2)
  }
  assert.is(await lock.holder(path), undefined)
})

holds('in one thread, first come, first served', async () => {
  const path = join(scratch(), 'thing')
  const order: number[] = []
  const first = await lock(path)
  const others = Array.from({ length: 20 }, async (_, at) => {
    const lease = at % 2 ? await lock(path) : undefined
    if (lease) order.push(at)
    else await withLock(path, () => order.push(at))
    await lease?.release()
  })
  await wait(20)
  assert.equal(order, [])
  await first.release()
  await Promise.all(others)
  assert.equal(
    order,
    Array.from({ length: 20 }, (_, at) => at),
  )
})

holds('withLock answers what the work answers, throws what it throws, and gives the lock back', async () => {
  const path = numbered(join(scratch(), 'thing'))
  assert.is(await withLock(path, async ({ fence }) => fence * 10), 10)
  const failure = new Error('of the work')
  assert.is(
    await withLock(path, () => {
      throw failure
    }).catch(error => error),
    failure,
  )
  assert.is(await withLock(path, () => Promise.reject(failure)).catch(error => error), failure)
  assert.throws(() => withLock.sync(path, async () => 1), { code: 'ERR_INVALID_RETURN_VALUE' })
  assert.is(await withLock(path, lease => lease.release().then(() => 'early')), 'early')
  assert.is(await lock.holder(path), undefined)
})

holds('who is stopped while it works gives nothing back before it is done', async () => {
  // Long enough to get the lock on a slow disk.
  const timeout = 2_500
  const stop = new AbortController()
  const ways = { signal: { signal: stop.signal }, timeout: { timeout } }
  const ends = Object.entries(ways).map(async ([how, options]) => {
    const path = join(scratch(), 'thing')
    const began = performance.now()
    const work = async () => {
      if (how === 'signal') stop.abort()
      await wait(how === 'signal' ? 30 : began + timeout + 30 - performance.now())
      return (await lock.holder(path))?.pid
    }
    return withLock(path, work, options)
  })
  assert.equal(await Promise.all(ends), [process.pid, process.pid])
})

holds('a wait that is too long says who has it', async () => {
  const path = join(scratch(), 'thing')
  await held(path, stranger, 'z')
  const late = (await assertHeldByNamed(() => lock(path, { timeout: 30 }))) as Error & { holder: Holder }
  assert.match(late.message, /may or may not be alive.*fence 35/)
  assert.is((late.cause as NodeJS.ErrnoException).code, 'ERR_TIMEOUT')
  const { owner, pid, fence, alive } = late.holder
  assert.equal([owner, pid, fence, alive], [stranger, 1, 35, undefined])
  assert.throws(() => lock.sync(path, { timeout: 30 }), { code: 'ERR_LOCK_HELD' })
  const mine = numbered(join(scratch(), 'mine'))
  const lease = await lock(mine)
  const { message } = await assertHeldByNamed(() => lock(mine, { timeout: 20 }))
  assert.match(message, new RegExp(`${process.pid}, which is alive`))
  await lease.release()
  assert.is((await lock(mine, { timeout: 0 })).fence, 2)
})

holds('a wait can be aborted, and takes nothing afterwards', async () => {
  const path = numbered(join(scratch(), 'thing'))
  const lease = await lock(path)
  const stop = new AbortController()
  const waiting = lock(path, { signal: stop.signal })
  const next = lock(path)
  stop.abort('enough')
  const error = await assert.rejects(waiting, { code: 'ABORT_ERR' })
  assert.is(error.cause, 'enough')
  await lease.release()
  assert.is((await next).fence, 2)
})

holds('the sync forms do not wait for their own thread', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  assert.throws(() => lock.sync(path), { code: 'ERR_LOCK_HELD', message: new RegExp(`${process.pid}, which is alive`) })
  assert.throws(() => withLock.sync(path, () => 1), { code: 'ERR_LOCK_HELD' })
  await lease.release()
  assert.throws(() => withLock.sync(path, () => withLock.sync(path, () => 1)), { code: 'ERR_LOCK_HELD' })
  assert.throws(() => withLock.sync(path, () => updateFile.sync(path, () => 'x')), { code: 'ERR_LOCK_HELD' })
  // The release is under way, and may have reached the disk already.
  const working = withLock(path, () => 'later')
  const tried = await Promise.resolve().then(() => {
    try {
      lock.sync(path).release.sync()
      return 'got it'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  })
  assert.ok(['got it', 'ERR_LOCK_HELD'].includes(tried ?? ''))
  assert.is(await working, 'later')
  lock.sync(path).release.sync()
  assert.is(await lock.holder(path), undefined)
})

holds('the dead hold nothing: taken over at once', async () => {
  const path = numbered(join(scratch(), 'thing'))
  const { signal, said } = script(path, `console.log((await lock(path)).fence); process.kill(process.pid, 'SIGKILL')`)
  // Windows has no signals: a process that is killed ends with a code.
  assert.equal([signal, said], [isWindows ? null : 'SIGKILL', '1'])
  assert.is((await lock.holder(path))?.alive, false)
  const began = performance.now()
  assert.is((await lock(path)).fence, 2)
  note(`taken over from a dead process after ${(performance.now() - began).toFixed(1)} ms`)
})

holds('a pid that is used again is not its owner', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  const [, place] = lease.owner.split('-')
  const again = join(scratch(), 'again')
  // The same place and pid as a living process, but another birth.
  await held(again, `${place}-${process.ppid.toString(36)}-1`)
  assert.is((await lock.holder(again))?.alive, false)
  assert.is((await lock.try(again))?.fence, 2)
})

holds('who lives is not robbed, however long it says nothing', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path, { stale: 30_000, heartbeat: 20_000 })
  await assertHeldByNamed(() => lock(path, { stale: 30, timeout: 300 }))
  await lease.release()
})

holds('who cannot be judged is robbed after `stale` without a heartbeat, and finds out', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path, { heartbeat: 10_000 })
  const { signal } = lease
  // From here on the lock seems to be held by another machine.
  const state = (await cell.read(`${path}.lock`)) as State
  await cell.swap(`${path}.lock`, state, { fields: ['h', '1', stranger] })
  const began = performance.now()
  assert.is(await lock.try(path, { stale: 400 }), undefined)
  const text = `const { fence } = await lock(path, { stale: 400 })
    console.log(fence)
    process.exit()`
  const fence = Number(script(path, text).said)
  const ms = performance.now() - began
  note(`robbed after ${ms.toFixed(0)} ms, stale 400`)
  assert.is(fence, 2)
  assert.ok(ms >= 400)
  await assert.rejects(lease.renew(), { code: 'ERR_LEASE_LOST' })
  assert.is(signal.aborted, true)
  assert.is(signal.reason.code, 'ERR_LEASE_LOST')
  await assert.rejects(lease.release(), { code: 'ERR_LEASE_LOST' })
})

holds('a clock that jumps by hours robs nobody, and keeps nobody waiting', async () => {
  const path = join(scratch(), 'thing')
  const text = `const real = Date.now
    let jumps = 0
    Date.now = () => real() + (jumps++ % 2 ? -5 : 5) * 3_600_000
    const began = performance.now()
    await holdfast.cell.create(path + '.lock', { fields: ['h', '1', ${JSON.stringify(stranger)}] })
    const { fence } = await lock(path, { stale: 300 })
    console.log(JSON.stringify({ fence, ms: performance.now() - began }))
    process.exit()`
  const { fence, ms } = JSON.parse(script(path, text).said)
  assert.ok(fence === 2 && ms >= 300)
})

holds('a change in its directory wakes whoever waits, also one between two waits', async () => {
  const dir = scratch()
  let isWatching = false
  const change = dual(function* waiting() {
    // The first call only starts to watch.
    yield* fs.changed(dir, 60_000)
    isWatching = true
    yield* fs.changed(dir, 60_000)
  })
  const waiting = change()
  await until(() => isWatching)
  writeFileSync(join(dir, 'new'), '')
  await waiting
  const twice = dual(function* between() {
    yield* fs.changed(dir, 60_000)
    yield* fs.settle(wait(10))
    writeFileSync(join(dir, 'newer'), '')
    yield* fs.settle(wait(50))
    yield* fs.changed(dir, 60_000)
  })
  await twice()
})

holds('heartbeats show that it lives; one by hand, too', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path, { stale: 90 })
  const versions = new Set<number>()
  await until(async () => versions.add((await cell.read(`${path}.lock`))?.version ?? 0).size >= 3)
  await lease.release()
  const now = (await cell.read(`${path}.lock`))?.version
  await wait(100)
  assert.is((await cell.read(`${path}.lock`))?.version, now, 'it beats after its release')
})

holds('a loss is noticed by the next heartbeat', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path, { stale: 60 })
  const { signal } = lease
  for (;;) {
    const state = (await cell.read(`${path}.lock`)) as State
    if (await cell.swap(`${path}.lock`, state, { fields: ['h', '2', stranger] })) break
  }
  await once(signal, 'abort')
  assert.is(signal.reason.code, 'ERR_LEASE_LOST')
})

holds('withLock makes heartbeats, tells of a loss, and waits for its work all the same', async () => {
  const path = join(scratch(), 'thing')
  let ended = false
  const working = withLock(
    path,
    async ({ signal }) => {
      for (;;) {
        const state = (await cell.read(`${path}.lock`)) as State
        if (await cell.swap(`${path}.lock`, state, { fields: ['h', '2', stranger] })) break
      }
      await once(signal, 'abort')
      await wait(20)
      ended = true
    },
    { stale: 60 },
  )
  await assert.rejects(working, { code: 'ERR_LEASE_LOST' })
  assert.ok(ended)
})

holds('nothing keeps a process alive, and who exits holds nothing', async () => {
  const path = numbered(join(scratch(), 'thing'))
  const { said, status, warned } = script(
    path,
    `globalThis.lease = await lock(path, { stale: 30 }); console.log('held')`,
  )
  assert.equal([said, status, warned], ['held', 0, ''])
  assert.is((await lock(path)).fence, 2)
})

holds('leases that are dropped are released, the first of them with a warning', async () => {
  const path = numbered(join(scratch(), 'thing'))
  const text = `await lock(path)
    await lock(path + 3)
    const { release } = await lock(path + 2)
    for (let i = 0; i < 50 && ((await lock.holder(path)) || (await lock.holder(path + 3))); i++) {
      gc()
      await new Promise(done => setTimeout(done, 10))
    }
    console.log(await lock.holder(path), await lock.holder(path + 3), (await lock.holder(path + 2)).fence > 0)
    await release()`
  const { said, warned } = script(path, text, '--expose-gc')
  assert.is(said, 'undefined undefined true')
  assert.match(warned, /HOLDFAST_LEASE_DROPPED.*thing/)
  assert.is(warned.match(/LEASE_DROPPED/g)?.length, 1)
})

holds('other packages’ locks are errors, and stay', async () => {
  const dir = scratch()
  writeFileSync(join(dir, 'file.lock'), '')
  mkdirSync(join(dir, 'dir.lock/thing'), { recursive: true })
  await cell.create(join(dir, 'cell.lock'), { fields: ['no', 'lock'] })
  for (const name of ['file', 'dir', 'cell']) {
    await assert.rejects(lock(join(dir, name)), { code: 'ERR_NOT_A_CELL' })
    await assert.rejects(lock.try(join(dir, name)), { code: 'ERR_NOT_A_CELL' })
  }
  assert.equal(readdirSync(dir).sort(), ['cell.lock', 'dir.lock', 'file.lock'])
})

holds('parents, URLs, odd names, and a slash at the end', async () => {
  const dir = scratch()
  await assert.rejects(lock(join(dir, 'a/b/c')), { code: 'ENOENT' })
  assert.ok((await lock(join(dir, 'a/b/c'), { parents: true })).fence > 1)
  const odd = join(dir, isWindows ? 'line 雪 %20 #' : 'new\nline 雪 %20 #')
  const lease = await lock(`${odd}/`)
  assert.is((await lock.holder(odd))?.owner, lease.owner)
  await assert.rejects(lock('/'), { code: 'ERR_INVALID_ARG_VALUE' })
})

holds('bad input is refused before anything is done', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  const bad = [
    [{ stale: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ stale: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ heartbeat: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ stale: 100, heartbeat: 100 }, 'ERR_OUT_OF_RANGE'],
    [{ parents: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ timeout: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ signal: {} }, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
  ] as const
  const type = 'ERR_INVALID_ARG_TYPE'
  const rows = bad.map(([options, code]) => [[path, options], code] as const)
  for (const act of [lock, lock.try]) await assertRefusesBadInput(act, dir, [...rows, [[1], type]])
  const working = bad.map(([options, code]) => [[path, () => 1, options], code] as const)
  await assertRefusesBadInput(withLock, dir, [...working, [[path, 'work'], type]])
  assert.equal(readdirSync(dir), [])
})

type Work = Dual<[path: string, work: () => string], string>
const trial: Trial<Parameters<Work>, string> = {
  args: dir => [join(dir, 'thing'), () => 'done'],
  done: (dir, value) => assert.equal([value, lock.holder.sync(join(dir, 'thing'))], ['done', undefined]),
}
const astray: typeof trial = { args: dir => [join(dir, 'none/thing'), () => 'done'] }
const throwing: typeof trial = {
  args: dir => [
    join(dir, 'thing'),
    () => {
      throw new RangeError('of the work')
    },
  ],
}

holds('whichever call fails, its error comes out, or what is promised holds', () =>
  assertOriginalErrorComesOut(withLock as Work, trial),
)

holds('both forms come to the same', () => assertSyncAndAsyncAgree(withLock as Work, trial, astray, throwing))

holds('whatever fails or is stopped leaves nothing private behind', () =>
  assertNothingLeftBehind(withLock as Work, trial),
)

holds('where nothing can be watched, waiting works all the same', async () => {
  const path = numbered(join(scratch(), 'thing'))
  // In this process every watch fails, as it does when the limit of the system is reached.
  const text = `
    const fs = (await import('node:fs')).default
    fs.watch = () => { throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' }) }
    console.log('waiting')
    console.log((await lock(path)).fence)
    process.exit()`
  const lease = await lock(path)
  const whole = `import * as holdfast from ${JSON.stringify(import.meta.resolve('holdfast'))}
    const { lock } = holdfast, path = ${JSON.stringify(path)}
    ${text}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', whole], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout) {
    if (said === '') setTimeout(() => lease.release(), 200)
    said += chunk
  }
  assert.is(said, 'waiting\n2\n')
})
