// Windows, really run: roots on scratch drives, a writer beside readers, holders of locks that are busy, killed, or dead with
// a pid that is used again. Elsewhere there is nothing to try.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readdirSync, readSync, renameSync, writeFileSync } from 'node:fs'
import * as plain from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { emptyDir, lock, move, remove, withLock, writeFile } from 'holdfast'
import { type Door, door, drive } from 'holdfast/steps'
import { assert, holds, note, raced, scratch, sized } from '../support/kit.js'
import { isWindows, isWine } from './flavour.js'
import { roots } from './roots.js'

const [role, path = ''] = (process.env.HOLDFAST_ROLE ?? '').split('|')

/** Another process that plays a role. */
function play(name: string, at: string): ChildProcess {
  const env = { ...process.env, HOLDFAST_ROLE: `${name}|${at}` }
  return spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

const roles: Record<string, () => unknown> = {
  /** Holds the file open for three quarters of the time. */
  reader: async () => {
    process.on('disconnect', () => process.exit())
    process.send?.('ready')
    for (;;) {
      try {
        const fd = openSync(path, 'r')
        readSync(fd, Buffer.alloc(8))
        await wait(15)
        closeSync(fd)
      } catch {}
      await wait(5)
    }
  },
  /** Takes the lock, and computes for so long that no heartbeat can be made. */
  busy: async () => {
    const lease = await lock(path, { stale: 2_000 })
    process.send?.('ready')
    await wait(50)
    for (const until = performance.now() + 30_000; performance.now() < until; );
    process.send?.('computed')
    await lease.release().catch(() => {})
    process.disconnect()
  },
  holder: async () => {
    process.on('disconnect', () => process.exit())
    await lock(path, { stale: 30_000 })
    process.send?.('ready')
  },
}

async function ready(child: ChildProcess): Promise<ChildProcess> {
  const [message] = await once(child, 'message')
  assert.is(message, 'ready')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

const only = (
  test: typeof holds,
  may: boolean,
  why: string,
  name: string,
  body: () => unknown,
  timeout = 120_000,
): void => (may ? test(name, body, { timeout }) : test.skip(name, why))

const scratchRoots = roots.filter(root => /v:|srv.share/i.test(root))

function rootsStay(): void {
  only(
    holds,
    isWine,
    'only the jail has drives and shares that are scratch',
    'no root is removed, emptied, moved or replaced, however it is spelled',
    async () => {
      const kept = ['V:\\keep', '\\\\srv\\share\\keep']
      for (const file of kept) writeFileSync(file, 'x')
      const passed: string[] = []
      const source = join(scratch(), 'source')
      mkdirSync(source)
      for (const root of scratchRoots)
        for (const [what, act] of Object.entries({
          remove: () => remove.sync(root),
          emptyDir: () => emptyDir.sync(root),
          move: () => move.sync(root, `${source}-moved`),
          'move onto': () => move.sync(source, root, { overwrite: 'with-gap' }),
          'remove, promise': () => remove(root),
          'emptyDir, promise': () => emptyDir(root),
        })) {
          try {
            await act()
            passed.push(`${what} ${root}`)
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_VALUE')
              passed.push(`${what} ${root}: ${error}`)
          }
        }
      note(`${scratchRoots.length} spellings, ${passed.length} passed`)
      assert.equal(passed, [])
      for (const file of kept) closeSync(openSync(file, 'r'))
    },
  )
}

const turnMs = 300

/** How many writes there were, and how long (ms) the longest took. */
function writesBy(write: (nth: number) => unknown) {
  const all = { writes: 0, longest: 0 }
  const go = async (ms: number): Promise<void> => {
    for (const until = performance.now() + ms; performance.now() < until; all.writes++) {
      const began = performance.now()
      await write(all.writes)
      all.longest = Math.max(all.longest, Math.round(performance.now() - began))
    }
  }
  return Object.assign(all, { go })
}

function writer(): void {
  only(
    raced,
    isWindows,
    'elsewhere a file that is open can be replaced',
    'a writer comes to its turn beside three readers that hold the file open for 75 % of the time',
    async () => {
      const file = join(scratch(), 'file')
      writeFileSync(file, 'first')
      const readers = await Promise.all([1, 2, 3].map(() => ready(play('reader', file))))
      const ms = sized(5_000, 13_000)
      const byLoop = async (nth: number) => {
        await plain.writeFile(`${file}.tmp`, `${nth}`)
        for (;;) {
          try {
            return await plain.rename(`${file}.tmp`, file)
          } catch {
            await wait(1)
          }
        }
      }
      const [ours, loop] = [writesBy(nth => writeFile(file, `${nth}`, { durability: 'none' })), writesBy(byLoop)]
      // In turns, because how often all readers have it closed at once changes all the time.
      for (const until = performance.now() + 2 * ms; performance.now() < until; ) {
        await ours.go(turnMs)
        await loop.go(turnMs)
      }
      await Promise.all(readers.map(kill))
      note(
        `in ${ms} ms: ${ours.writes} writes, longest ${ours.longest} ms; a loop of 1 ms: ${loop.writes}, ${loop.longest} ms`,
      )
      assert.ok(ours.writes * 4 >= loop.writes, 'less than a quarter of what a loop gets')
    },
  )
}

interface Taken {
  readonly ms: number
  readonly calls: number
  /** How long it has rested, whatever the machine does besides. */
  readonly restedMs: number
}

/** Takes a lock whose holder is dead. The first calls of a process make threads, and the file that shows that it lives. */
async function take(at: string): Promise<Taken> {
  await withLock(`${at}-other`, () => {})
  let [calls, restedMs] = [0, 0]
  const counting: Door = {
    ...door,
    perform(call, done) {
      calls++
      if (call.op === 'sleep' || call.op === 'changed') restedMs += call.args.at(-1) as number
      return door.perform(call, done)
    },
  }
  const began = performance.now()
  await drive(
    withLock.steps(at, () => {}),
    { door: counting, timeout: 60_000 },
  )
  return { ms: Math.round(performance.now() - began), calls, restedMs }
}

function assertAtOnce(what: string, all: readonly Taken[]): void {
  note(
    `${what}: ms ${all.map(({ ms }) => ms).join(', ')}; calls ${all.map(({ calls }) => calls).join(', ')}; ` +
      `ms of rest ${all.map(({ restedMs }) => Math.round(restedMs)).join(', ')}`,
  )
  assert.ok(all.every(({ restedMs }) => restedMs <= 100))
}

function locks(): void {
  only(raced, isWindows, 'lock/evidence has it', 'a holder whose loop is blocked is not robbed', async () => {
    const at = join(scratch(), 'thing')
    const child = await ready(play('busy', at))
    const computed = once(child, 'message').then(() => true)
    await assert.rejects(lock(at, { stale: 2_000, timeout: sized(8_000, 25_000) }), { code: 'ERR_LOCK_HELD' })
    assert.is(await Promise.race([computed, wait(1, false)]), false, 'it computes no more')
    await kill(child)
  })

  only(raced, isWindows, 'lock/evidence has it', 'the lock of a killed holder is taken at once', async () => {
    const taken: Taken[] = []
    for (let round = 0; round < sized(3, 20); round++) {
      const at = join(scratch(), 'thing')
      await kill(await ready(play('holder', at)))
      taken.push(await take(at))
    }
    assertAtOnce('taken after a kill', taken)
  })

  only(
    raced,
    isWindows,
    'lock/evidence has it',
    'the lock of a dead holder whose pid lives again is taken at once',
    async () => {
      const taken: Taken[] = []
      const other = await ready(play('reader', 'none'))
      for (let round = 0; round < sized(3, 20); round++) {
        const at = join(scratch(), 'thing')
        const child = await ready(play('holder', at))
        const [before, after] = [child.pid, other.pid].map(pid => `-${(pid as number).toString(36)}-`) as [
          string,
          string,
        ]
        await kill(child)
        const dir = `${at}.lock`
        const [token = ''] = readdirSync(dir)
        assert.ok(token.includes(before), token)
        renameSync(join(dir, token), join(dir, token.replace(before, after)))
        taken.push(await take(at))
      }
      await kill(other)
      assertAtOnce('taken after a death, with a pid that lives', taken)
    },
  )
}

if (role) await roles[role]?.()
else {
  rootsStay()
  writer()
  locks()
}
