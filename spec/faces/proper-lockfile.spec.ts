// `holdfast/proper-lockfile`: what the documentation of proper-lockfile 4.1.2 says, case by case.

import { spawnSync } from 'node:child_process'
import nodeFs, {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { lock as ourLock } from 'holdfast'
import lockfile, * as named from 'holdfast/proper-lockfile'
import properLockfile from 'proper-lockfile'
import { askedLock } from '../../lib/faces/proper-lockfile/options.js'
import { pauseAfter, pausesOf } from '../../lib/faces/proper-lockfile/pauses.js'
import { assert, holds, scratch } from '../support/kit.js'

const top = fileURLToPath(new URL('../../..', import.meta.url))
const { lock, lockSync, unlock, unlockSync, check, checkSync } = lockfile

const busy = { code: 'ELOCKED', message: /^Lock file is already being held$/ }
const notAcquired = { code: 'ENOTACQUIRED', message: /^Lock is not acquired\/owned by you$/ }
const isReleased = { code: 'ERELEASED', message: /^Lock is already released$/ }
const noRetries = { code: 'ESYNC', message: /^Cannot use retries with the sync api$/ }

/** An empty file in a directory of its own. */
function fresh(name = 'foo'): { dir: string; file: string } {
  const dir = realpathSync(scratch())
  const file = join(dir, name)
  writeFileSync(file, '')
  return { dir, file }
}

/** A lock as proper-lockfile leaves it, which was so old a moment ago. */
function leave(path: string, ageMs: number): void {
  mkdirSync(path)
  const then = new Date(Date.now() - ageMs)
  utimesSync(path, then, then)
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(20)
}

// ---- The surface ----

// What compiles against its types compiles against ours.
const asTheirs: typeof properLockfile = named
type Theirs = [properLockfile.LockOptions, properLockfile.UnlockOptions, properLockfile.CheckOptions]
const options = (...all: Theirs): [lockfile.LockOptions, named.UnlockOptions, lockfile.CheckOptions] => all

holds('the module is lock, and has all functions, for import and require', () => {
  const required = createRequire(import.meta.url)('holdfast/proper-lockfile')
  assert.is(required, lockfile)
  assert.is(lockfile, lockfile.lock)
  assert.equal(Object.keys(lockfile).sort(), Object.keys(createRequire(import.meta.url)('proper-lockfile')).sort())
  for (const [name, value] of Object.entries(lockfile)) assert.is(Reflect.get(asTheirs, name), value)
  assert.is(options({ retries: { retries: 3, forever: true } }, {}, { stale: 3_000 }).length, 3)
})

holds('a file that is missing is ENOENT, unless links are not followed', async () => {
  const missing = join(scratch(), 'foo')
  for (const call of [lock, unlock, check]) await assert.rejects(call(missing), { code: 'ENOENT' })
  for (const call of [lockSync, unlockSync, checkSync]) assert.throws(() => call(missing), { code: 'ENOENT' })
  assert.is(await check(missing, { realpath: false }), false)
  const release = await lock(missing, { realpath: false })
  assert.is(checkSync(missing, { realpath: false }), true)
  await release()
  // An option that is there counts, whatever it is.
  await (await lock(missing, { realpath: undefined }))()
  await assert.rejects(lock(missing, { realpath: false, lockfilePath: join(missing, 'x', 'foo.lock') }), {
    code: 'ENOENT',
  })
  await assert.rejects(lock(7 as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

holds('the lock is a directory beside the file, of which nothing is left', async () => {
  const { dir, file } = fresh()
  const release = await lock(file)
  assert.ok(statSync(`${file}.lock`).isDirectory())
  await assert.rejects(lock(file), busy)
  assert.is(((await lock(file).catch(error => error)) as { file?: string }).file, file)
  assert.throws(() => lockSync(file), busy)
  assert.equal([await check(file), checkSync(file)], [true, true])
  assert.is(await release(), undefined)
  assert.equal(readdirSync(dir), ['foo'])
  assert.equal([await check(file), checkSync(file)], [false, false])
  const releaseSync = lockSync(file)
  assert.is(checkSync(file), true)
  assert.is(releaseSync(), undefined)
  assert.equal(readdirSync(dir), ['foo'])
})

holds('it is released once, by its own function or by the path', async () => {
  const { dir, file } = fresh()
  const release = await lock(file)
  await release()
  await assert.rejects(release(), isReleased)
  const second = lockSync(file)
  await unlock(file)
  assert.throws(second, isReleased)
  await assert.rejects(unlock(file), notAcquired)
  assert.throws(() => unlockSync(file), notAcquired)
  await lock(file)
  unlockSync(file)
  // Another holder has it by now.
  await lock(file)
  assert.throws(second, isReleased)
  assert.is(await check(file), true)
  await unlock(file)
  assert.equal(readdirSync(dir), ['foo'])
})

holds('links are followed, if that is not refused', async () => {
  const { dir, file } = fresh()
  const name = join(dir, 'bar')
  symlinkSync(file, name)
  await lock(name)
  assert.ok(existsSync(`${file}.lock`))
  await assert.rejects(lock(file), busy)
  assert.equal([await check(name), await check(name, { realpath: false })], [true, false])
  await assert.rejects(unlock(name, { realpath: false }), notAcquired)
  const own = await lock(name, { realpath: false })
  assert.ok(existsSync(`${name}.lock`))
  await own()
  await unlock(name)
  assert.equal(readdirSync(dir).sort(), ['bar', 'foo'])
})

holds('it is where lockfilePath says, and of several of one file each is its own', async () => {
  const { dir } = fresh()
  const inside = { lockfilePath: join(dir, 'dir.lock') }
  const release = await lock(dir, inside)
  assert.ok(existsSync(inside.lockfilePath) && !existsSync(`${dir}.lock`))
  assert.equal([await check(dir, inside), await check(dir)], [true, false])
  const other = lockSync(dir, { lockfilePath: join(dir, 'other.lock') })
  await unlock(dir, inside)
  await assert.rejects(release(), isReleased)
  assert.equal(readdirSync(dir).sort(), ['foo', 'other.lock'])
  await unlock(dir)
  assert.throws(other, isReleased)
  assert.equal(readdirSync(dir), ['foo'])
})

// ---- Waiting ----

holds('a lock that is held is tried again as often, and after such pauses, as is said', async () => {
  const { file } = fresh()
  const release = await lock(file)
  const soon = { minTimeout: 5, maxTimeout: 20 }
  await assert.rejects(lock(file, { retries: { retries: 2, ...soon } }), busy)
  await assert.rejects(lock(file, { retries: [1, 2, 3] }), busy)
  await assert.rejects(lock(file, { retries: { forever: true, maxRetryTime: 50, ...soon } }), busy)
  const waiting = lock(file, { retries: { forever: true, retries: 1, ...soon } })
  setTimeout(release, 60)
  await (await waiting)()
  const numbered = lock(file, { retries: 3 })
  await (await numbered)()
  for (const retries of [1, { retries: 1 }, [10], { forever: true }, {}] as const) {
    assert.throws(() => lockSync(file, { retries }), noRetries)
    assert.throws(() => checkSync(file, { retries } as never), noRetries)
    assert.throws(() => unlockSync(file, { retries } as never), noRetries)
  }
  lockSync(file, { retries: 0 })()
  lockSync(file, { retries: { retries: 0 } })()
})

holds('pauses grow as those of `retry`', () => {
  const all = (retries: unknown) => pausesOf(retries).each
  assert.equal(all(undefined), [])
  assert.equal(all(false), [])
  assert.equal(all(3), [1000, 2000, 4000])
  assert.equal(
    all({}),
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map(one => one * 1000),
  )
  assert.equal(all({ retries: 4, minTimeout: 10, factor: 3, maxTimeout: 100 }), [10, 30, 90, 100])
  assert.equal(all({ retries: 2, minTimeout: 10, factor: 0.5 }), [5, 10])
  assert.equal(all([30, 10]), [30, 10])
  assert.ok(all({ retries: 9, randomize: true, minTimeout: 10, maxTimeout: 15 }).every(ms => ms >= 10 && ms <= 15))
  assert.throws(() => all({ minTimeout: 2, maxTimeout: 1 }), { code: 'ERR_OUT_OF_RANGE' })
  const forever = pausesOf({ forever: true, retries: 2, minTimeout: 10 })
  assert.equal(
    [1, 2, 3, 4].map(attempts => pauseAfter(attempts, forever)),
    [10, 20, 10, 20],
  )
  assert.is(pauseAfter(3, pausesOf(2)), undefined)
  assert.is(typeof pauseAfter(5000, pausesOf(Number.POSITIVE_INFINITY)), 'number')
})

holds('a filesystem that is given may have functions of a path alone', async () => {
  const { dir, file } = fresh()
  type Done = (error: Error | null, stats?: nodeFs.Stats) => void
  const broken = { ...nodeFs, stat: (_path: string, done: Done) => done(new Error('broken')) }
  leave(`${file}.lock`, 60_000)
  for (const call of [lock, check]) await assert.rejects(call(file, { fs: broken }), { message: /^broken$/ })
  const whole = { ...nodeFs, stat: (path: string, done: Done) => nodeFs.stat(path, done) }
  assert.is(await check(file, { fs: whole }), false)
  const release = await lock(file, { fs: whole, update: 1_000 })
  const taken = statSync(`${file}.lock`).mtimeMs
  await until(() => statSync(`${file}.lock`).mtimeMs > taken)
  await release()
  assert.equal(readdirSync(dir), ['foo'])
  // What is not there need not be removed.
  const absent = Object.assign(new Error('gone'), { code: 'ENOENT', errno: -2, syscall: 'rmdir' })
  const rmdir = (_path: string, done: (error: Error) => void) => done(absent)
  await lock(file)
  await unlock(file, { fs: { ...nodeFs, rmdir } })
})

holds('stale is at least 2 s, update from 1 s to stale / 2', () => {
  const times = (given: object) => {
    const { staleMs, updateMs } = askedLock('x', given)
    return [staleMs, updateMs]
  }
  assert.equal(times({}), [10_000, 5_000])
  for (const stale of [100, 0, false, null, undefined]) assert.equal(times({ stale }), [2_000, 1_000])
  assert.equal(times({ stale: 20_000 }), [20_000, 10_000])
  assert.equal(times({ update: null }), [10_000, 5_000])
  for (const update of [100, 0, false]) assert.equal(times({ update }), [10_000, 1_000])
  assert.equal(times({ update: 9_000 }), [10_000, 5_000])
  assert.throws(() => times({ stale: 'soon' }), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => times({ onCompromised: 7 }), { code: 'ERR_INVALID_ARG_TYPE' })
})

// ---- Locks of proper-lockfile ----

holds('a fresh lock of proper-lockfile is held, and one that is older than stale is taken over', async () => {
  const { dir, file } = fresh()
  mkdirSync(`${file}.lock`)
  await assert.rejects(lock(file), busy)
  assert.throws(() => lockSync(file, { stale: 1 }), busy)
  assert.equal([await check(file), checkSync(file, { stale: 0 })], [true, true])
  await assert.rejects(unlock(file), notAcquired)
  rmSync(`${file}.lock`, { recursive: true })
  for (const take of [lock, lockSync]) {
    leave(`${file}.lock`, 3_000)
    assert.equal([await check(file), await check(file, { stale: 2_500 })], [true, false])
    await assert.rejects(lock(file), busy)
    await (await take(file, { stale: 1 }))()
    assert.equal(readdirSync(dir), ['foo'])
  }
})

holds('both packages lock one file, and only one of them has it', async () => {
  const { dir, file } = fresh()
  const theirs = await properLockfile.lock(file)
  await assert.rejects(lock(file), busy)
  assert.is(await check(file), true)
  const waiting = lock(file, { retries: { forever: true, minTimeout: 5, maxTimeout: 5 } })
  await theirs()
  const release = await waiting
  await assert.rejects(properLockfile.lock(file), busy)
  assert.is(await properLockfile.check(file), true)
  await assert.rejects(properLockfile.unlock(file), notAcquired)
  await release()
  await (await properLockfile.lock(file))()
  assert.equal(readdirSync(dir), ['foo'])
})

holds('what is no lock of either package is never taken over', async () => {
  const { file } = fresh()
  writeFileSync(`${file}.lock`, 'notes')
  await assert.rejects(lock(file), busy)
  assert.is(await check(file), true)
  utimesSync(`${file}.lock`, 1, 1)
  await assert.rejects(lock(file), { code: 'ERR_NOT_A_CELL' })
  assert.is(await check(file), false)
  assert.ok(existsSync(`${file}.lock`))
})

// ---- Compromised ----

/** Resolves with what `onCompromised` gets. */
function compromised(file: string, given: lockfile.LockOptions = {}) {
  let release: (() => Promise<void>) | undefined
  const said: Error[] = []
  let taken: Promise<void> | undefined
  const first = new Promise<Error>(resolve => {
    const onCompromised = (error: Error) => {
      said.push(error)
      resolve(error)
    }
    taken = lock(file, { update: 1_000, onCompromised, ...given }).then(got => {
      release = got
    })
  })
  return { first, taken, said, release: () => release?.() }
}

holds('a lock that is removed, or that others have taken, is compromised, once', async () => {
  const { dir, file } = fresh()
  const other = join(dir, 'bar')
  writeFileSync(other, '')
  const [one, two] = [compromised(file), compromised(other)]
  await Promise.all([one.taken, two.taken])
  rmSync(`${file}.lock`, { recursive: true })
  const { fence = 0 } = (await ourLock.holder(other)) ?? {}
  await ourLock.break(other, { fence })
  const robber = await lock(other)
  for (const { first } of [one, two]) {
    const error = await first
    assert.is((error as NodeJS.ErrnoException).code, 'ECOMPROMISED')
    assert.is((error.cause as NodeJS.ErrnoException).code, 'ERR_LEASE_LOST')
  }
  assert.match((await one.first).message, /^ENOENT: .*foo\.lock/)
  assert.is((await two.first).message, 'Unable to update lock within the stale threshold')
  for (const { release } of [one, two]) await assert.rejects(Promise.resolve(release()), isReleased)
  await assert.rejects(unlock(file), notAcquired)
  assert.is(await check(other), true)
  await robber()
  assert.equal([one.said.length, two.said.length], [1, 1])
  assert.equal(readdirSync(dir).sort(), ['bar', 'foo'])
})

holds('a holder that can make no heartbeat for stale ms is compromised, and its lock comes free', async () => {
  const { dir, file } = fresh()
  let isDeaf = false
  const rename: typeof nodeFs.rename = Object.assign((from: never, to: never, done: nodeFs.NoParamCallback) => {
    if (!isDeaf) return nodeFs.rename(from, to, done)
    const error = Object.assign(new Error('EIO: i/o error, rename'), { code: 'EIO', errno: -5, syscall: 'rename' })
    setImmediate(done, error)
  }, nodeFs.rename)
  const { first, taken, said, release } = compromised(file, { stale: 2_000, fs: { ...nodeFs, rename } })
  await taken
  isDeaf = true
  const error = await first
  assert.is((error as NodeJS.ErrnoException).code, 'ECOMPROMISED')
  assert.is((error.cause as NodeJS.ErrnoException).code, 'ERR_LEASE_STALE')
  await assert.rejects(Promise.resolve(release()), isReleased)
  isDeaf = false
  await (await lock(file, { retries: { forever: true, minTimeout: 10, maxTimeout: 50 } }))()
  assert.is(said.length, 1)
  assert.equal(readdirSync(dir), ['foo'])
})

for (const name of ['stat', 'utimes'] as const)
  holds(
    `${name} of a filesystem that is given is called by each heartbeat, and its error compromises the lock`,
    async () => {
      const { dir, file } = fresh()
      const given = { ...nodeFs }
      const { first, taken } = compromised(file, { stale: 2_000, fs: given })
      await taken
      const counted = nodeFs[name] as (...args: unknown[]) => void
      let calls = 0
      Object.assign(given, { [name]: (...args: unknown[]) => [calls++, counted(...args)] })
      await until(() => calls > 0)
      Object.assign(given, {
        [name]: (...args: unknown[]) => (args.at(-1) as (error: Error) => void)(new Error('broken')),
      })
      const error = await first
      assert.equal([(error as NodeJS.ErrnoException).code, error.message], ['ECOMPROMISED', 'broken'])
      await (await lock(file, { retries: { forever: true, minTimeout: 10, maxTimeout: 50 } }))()
      assert.equal(readdirSync(dir), ['foo'])
    },
  )

holds('heartbeats go on when a test clears the timers of the process, or replaces them', async () => {
  const { file } = fresh()
  const real = globalThis.setTimeout
  const made: NodeJS.Timeout[] = []
  Object.assign(globalThis, { setTimeout: (...args: Parameters<typeof real>) => made[made.push(real(...args)) - 1] })
  const release = await lock(file, { update: 1_000 })
  for (const one of made) clearTimeout(one)
  globalThis.setTimeout = real
  const taken = statSync(`${file}.lock`).mtimeMs
  await until(() => statSync(`${file}.lock`).mtimeMs > taken)
  await release()
})

holds('a release finds a lock that is gone as it is to be, and does not touch that of another', async () => {
  const { dir, file } = fresh()
  const release = await lock(file)
  rmSync(`${file}.lock`, { recursive: true })
  await release()
  const second = await lock(file)
  const { fence = 0 } = (await ourLock.holder(file)) ?? {}
  await ourLock.break(file, { fence })
  const robber = await ourLock(file)
  await assert.rejects(second(), { code: 'ECOMPROMISED' })
  assert.is(robber.state, 'held')
  await robber.release({ remove: true })
  assert.equal(readdirSync(dir), ['foo'])
})

holds('heartbeats show in the mtime of the directory', async () => {
  const { file } = fresh()
  const release = await lock(file, { stale: 2_000 })
  const before = statSync(`${file}.lock`).mtimeMs
  while (statSync(`${file}.lock`).mtimeMs === before) await wait(50)
  await release()
})

// ---- A filesystem that is given ----

holds('a filesystem that is given makes the calls', async () => {
  const { dir, file } = fresh()
  const failing = { code: 'ERR_MINE', message: /mine/ }
  const mine = Object.assign(new Error('mine'), { code: 'ERR_MINE' })
  const throwing = () => {
    throw mine
  }
  const spied = { ...nodeFs, realpath: (_: string, done: (error: Error) => void) => done(mine), realpathSync: throwing }
  for (const call of [lock, unlock, check]) await assert.rejects(call(file, { fs: spied }), failing)
  for (const call of [lockSync, unlockSync, checkSync]) assert.throws(() => call(file, { fs: spied }), failing)
  const unmaking = { ...nodeFs, mkdir: (_: string, done: (error: Error) => void) => done(mine), mkdirSync: throwing }
  await assert.rejects(lock(file, { fs: unmaking }), failing)
  assert.throws(() => lockSync(file, { fs: unmaking }), failing)
  const calls: string[] = []
  const counting = new Proxy(nodeFs, {
    get: (fs, name) => {
      calls.push(String(name))
      return Reflect.get(fs, name)
    },
  })
  // Node's own functions stand in for what it has not.
  for (const fs of [counting, { realpath: nodeFs.realpath }, { ...nodeFs }]) {
    const release = await lock(file, { fs })
    await assert.rejects(lock(file, { fs }), busy)
    assert.is(await check(file, { fs }), true)
    await release()
    lockSync(file, { fs })()
  }
  for (const name of ['mkdir', 'rename', 'readdir', 'unlink', 'rmdir', 'renameSync'])
    assert.ok(calls.includes(name), name)
  assert.equal(readdirSync(dir), ['foo'])
})

// ---- The end of the process ----

/** Runs a program that locks `file`, and then does something. */
function run(file: string, then: string) {
  const program = `
    import lockfile from 'holdfast/proper-lockfile'
    const before = process.eventNames().length
    const release = await lockfile.lock(${JSON.stringify(file)}, { update: 1000 })
    ${then}`
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: top,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { end: signal ?? status, stdout, stderr }
}

const forever = 'setInterval(() => {}, 1000);'

const bySignals = (file: string): [string, unknown][] => [
  [`${forever} process.kill(process.pid, 'SIGTERM')`, 'SIGTERM'],
  [
    `const { createRequire } = await import('node:module')
    const onExit = createRequire(${JSON.stringify(join(top, 'x.js'))})('signal-exit')
    onExit(() => console.log('hook'))
    ${forever} process.kill(process.pid, 'SIGINT')`,
    'SIGINT',
  ],
  [
    `process.on('SIGTERM', () => setTimeout(() => process.exit(lockfile.checkSync(${JSON.stringify(file)}) ? 0 : 5), 50))
    ${forever} process.kill(process.pid, 'SIGTERM')`,
    0,
  ],
]

holds('nothing is left when the process ends, except by SIGKILL, and that is taken at once', async () => {
  const { dir, file } = fresh()
  const onSignals = process.platform !== 'win32'
  const ends: [string, unknown][] = [
    ['', 0],
    ['process.exit(3)', 3],
    ['setTimeout(() => { throw new Error("crash") })', 1],
    [
      'await release(); while (process.eventNames().length > before) await new Promise(done => setTimeout(done, 50))',
      0,
    ],
    // On Windows they end a process at once.
    ...(onSignals ? bySignals(file) : []),
  ]
  for (const [then, end] of ends) {
    const ran = run(file, then)
    assert.is(ran.end, end, `${then}: ${ran.stderr}`)
    if (then.includes('hook')) assert.match(ran.stdout, 'hook')
    assert.equal(readdirSync(dir), ['foo'], then)
  }
  assert.is(run(file, `process.kill(process.pid, 'SIGKILL')`).end, onSignals ? 'SIGKILL' : 1)
  assert.ok(existsSync(`${file}.lock`))
  assert.equal([await check(file), checkSync(file)], [false, false])
  await assert.rejects(properLockfile.lock(file), busy)
  await (await lock(file))()
  assert.equal(readdirSync(dir), ['foo'])
})

holds('by default, a lock that is compromised ends the process with the error', () => {
  const { dir, file } = fresh()
  const removal = `import('node:fs').then(fs => fs.rmSync(${JSON.stringify(`${file}.lock`)}, { recursive: true }))
    await lockfile.lock(${JSON.stringify(dir)})
    setTimeout(() => {}, 30_000)`
  const ran = run(file, removal)
  assert.is(ran.end, 1)
  assert.match(ran.stderr, 'ECOMPROMISED')
  assert.equal([readdirSync(dir), existsSync(`${dir}.lock`)], [['foo'], false])
})
