// Where somebody has put something else at the name of a lock. Each of these was an advisory against another package:
// CVE-2025-68146 (a link there was opened and what it leads to emptied), CVE-2026-22701 (a link that came between the look
// and the open), CVE-2026-112906 (a fresh lock was taken for one that had been seen before, and was as old, because it had
// its inode number), CVE-2026-112934 (the holder's heartbeat wrote through a hard link, or waited for a pipe, that had been
// renamed onto its record), and the reading of a lock that is a pipe, or that leads to one.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { getOrCreate, lock, updateFile, withLock } from 'holdfast'
import { drive, driveSync, fs, release, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { endedAt, through } from '../broken/interfere.js'
import { whileAttacked } from '../support/attacker.js'
import { assert, canBeAnother, explored, holds, note, prove, raced, scratch, sized, userId } from '../support/kit.js'

const refused = 'ERR_NOT_A_CELL'

/** A lock that was held and released, so that its directory is there: returns the names in it. */
async function plantLock(path: string): Promise<string[]> {
  await (await lock(path)).release()
  return readdirSync(`${path}.lock`)
}

holds('a link at the name of a lock is not followed, whatever it leads to', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  const before = await plantLock(at('other'))
  writeFileSync(at('file'), 'theirs', { mode: 0o600 })
  mkdirSync(at('directory'))
  for (const victim of ['other.lock', 'file', 'directory', 'nothing']) {
    symlinkSync(victim, at(`by-${victim}.lock`))
    const path = at(`by-${victim}`)
    const wanted = { retryFor: 0, timeout: victim === 'nothing' ? 500 : 20_000 }
    await assert.rejects(lock(path, wanted), victim === 'nothing' ? {} : { code: refused })
    assert.throws(() => lock.sync(path, wanted), victim === 'nothing' ? {} : { code: refused })
    await assert.rejects(lock.try(path, wanted), victim === 'nothing' ? {} : { code: refused })
    for (const call of [
      withLock(path, () => assert.unreachable(), wanted),
      updateFile(path, () => 'x', wanted),
      getOrCreate(path, () => 'x', wanted),
    ])
      await assert.rejects(call, victim === 'nothing' ? {} : { code: refused })
    assert.is(readlinkSync(at(`by-${victim}.lock`)), victim)
  }
  assert.equal([readdirSync(at('other.lock')), readFileSync(at('file'), 'utf8')], [before, 'theirs'])
  assert.equal([lstatSync(at('file')).mode & 0o777, readdirSync(at('directory'))], [0o600, []])
  assert.not(readdirSync(dir).some(name => name.startsWith('.') || name === 'nothing'))
})

holds('a pipe at the name of a lock keeps nobody waiting', async () => {
  const dir = scratch()
  if (spawnSync('mkfifo', [join(dir, 'pipe.lock')]).status !== 0) return
  symlinkSync('pipe.lock', join(dir, 'link.lock'))
  for (const name of ['pipe', 'link']) {
    const began = performance.now()
    await assert.rejects(lock(join(dir, name), { retryFor: 0 }), { code: refused })
    assert.throws(() => lock.sync(join(dir, name), { retryFor: 0 }), { code: refused })
    assert.ok(performance.now() - began < 30_000, 'it waited for the pipe')
  }
})

holds(
  'a heartbeat writes nothing, waits for nothing and follows nothing, whatever has the name of the record',
  async () => {
    const dir = scratch()
    const [path, victim] = [join(dir, 'path'), join(dir, 'victim')]
    writeFileSync(victim, 'theirs')
    utimesSync(victim, 1, 1)
    const before = lstatSync(victim)
    const planted: Readonly<Record<string, (at: string) => void>> = {
      'a hard link': at => linkSync(victim, at),
      'a link': at => symlinkSync(victim, at),
      'a pipe': at => assert.is(spawnSync('mkfifo', [at]).status, 0),
    }
    for (const [what, plant] of Object.entries(planted)) {
      const lease = await lock(path, { heartbeat: 10, stale: 5_000 })
      const [record] = readdirSync(`${path}.lock`) as [string]
      plant(join(dir, 'planted'))
      try {
        renameSync(join(dir, 'planted'), join(`${path}.lock`, record))
      } catch {
        // The heartbeat has come first, and nothing has that name any more.
        rmSync(join(dir, 'planted'))
      }
      const began = performance.now()
      await wait(60)
      await lease.release()
      assert.ok(performance.now() - began < 30_000, `${what}: it waited`)
      assert.is((await lock.try(path))?.release.sync(), undefined)
      const now = lstatSync(victim)
      assert.equal([readFileSync(victim, 'utf8'), now.mtimeMs, now.mode], ['theirs', before.mtimeMs, before.mode], what)
      rmSync(`${path}.lock`, { recursive: true })
    }
  },
)

holds('a fresh lock is as old as it is, also if it has the inode and the times of one that was watched', async () => {
  const dir = scratch()
  const stale = 600
  // Holders that cannot be judged from here, and show no heartbeat.
  for (const host of ['one', 'two'])
    endedAt(Number.POSITIVE_INFINITY, lock.steps(join(dir, host), { stale }), `${host}-1-1`)
  const [record, fresh] = ['one', 'two'].map(name => (readdirSync(join(dir, `${name}.lock`)) as [string])[0])
  const at = (name: string | undefined) => join(dir, 'one.lock', String(name))
  utimesSync(at(record), 1, 1)
  const began = performance.now()
  let renamedMs: number | undefined
  // At a look when half of the time is over, however late that comes on a busy machine.
  const waiting = through(lock.steps(join(dir, 'one'), { stale }), call => {
    if (call.op !== 'readdir' || renamedMs !== undefined || performance.now() - began < stale / 2) return call
    renameSync(at(record), at(fresh))
    renamedMs = performance.now()
    return call
  })
  const hold = await drive(waiting)
  const ms = performance.now() - (renamedMs ?? Number.POSITIVE_INFINITY)
  assert.ok(ms >= stale * 0.95, `taken over after ${ms} ms`)
  await drive(release(hold))
})

if (!canBeAnother()) holds.skip('another user’s lock in /tmp', 'it takes root, and a checkout that others may read')
else
  holds('another user’s lock in a directory like /tmp is used, and looked up by its descriptor', async () => {
    const dir = scratch()
    chmodSync(dir, 0o1777)
    const path = join(dir, 'path')
    await plantLock(path)
    chownSync(`${path}.lock`, userId, userId)
    for (const take of [lock, lock.sync, lock.try, lock.try.sync]) {
      const lease = await take(path)
      await lease?.renew()
      await lease?.release()
    }
    const swaps: string[] = []
    const steps = through(lock.try.steps(path), call => {
      if (call.op === 'rename') swaps.push(String(call.args[0]))
      return call
    })
    driveSync(steps)
    assert.match(swaps.join(), /^\/proc\/self\/fd\/\d+\/t\.\w+\.[0-9a-f]{16}[^,]*$/)
  })

/** A directory like /tmp with the lock of a user, whose token has the name of another lock's. */
async function layBait(): Promise<{ dir: string; path: string; other: string; before: string[] }> {
  const [dir, safe] = [scratch(), scratch()]
  chmodSync(dir, 0o1777)
  const [path, other] = [join(dir, 'path'), join(safe, 'other')]
  const before = await plantLock(other)
  mkdirSync(`${path}.lock`)
  for (const token of before) writeFileSync(join(`${path}.lock`, token), '')
  chownSync(`${path}.lock`, userId, userId)
  return { dir, path, other, before }
}

if (!canBeAnother()) holds.skip('a link in the place of another user’s lock', 'it takes root')
else
  holds('before whichever call that user makes a link of it, the lock that it leads to stays as it is', async () => {
    let swaps = 0
    for (let k = 0; ; k++) {
      const { dir, path, other, before } = await layBait()
      let calls = 0
      const steps = through(lock.try.steps(path), call => {
        if (calls++ !== k) return call
        swaps++
        renameSync(`${path}.lock`, join(dir, 'aside'))
        symlinkSync(`${other}.lock`, `${path}.lock`)
        return call
      })
      try {
        driveSync(steps, { retryFor: 0 })
      } catch (error) {
        assert.is((error as NodeJS.ErrnoException).code, refused)
      }
      assert.equal(readdirSync(`${other}.lock`), before, `before call ${k}`)
      if (calls <= k) break
    }
    assert.ok(swaps > 5, `${swaps} swaps`)
  })

function* leadElsewhere(dir: string): Steps<void> {
  yield* fs.rename(join(dir, 'path.lock'), join(dir, 'aside'))
  yield* fs.symlink('other.lock', join(dir, 'path.lock'))
}

explored('explore: somebody makes a link to another lock of the name, at any moment: that lock stays as it is', () => {
  let free: string[] = []
  const endings = new Set<string>()
  const world: World = {
    setup: dir => {
      for (const name of ['path', 'other']) lock.sync(join(dir, name)).release.sync()
      free = readdirSync(join(dir, 'other.lock'))
    },
    players: dir => ({ A: lock.try.steps(join(dir, 'path')) }),
    adversaries: dir => ({ attacker: leadElsewhere(dir) }),
    check: ({ dir, outcomes: { A } }) => {
      endings.add(A?.how === 'threw' ? String((A.error as NodeJS.ErrnoException).code) : String(A?.how))
      assert.equal(readdirSync(join(dir, 'other.lock')), free, 'the other lock was touched')
    },
  }
  const found = prove('1 lock, 1 attacker', world, {}, () => endings.has(refused) && endings.has('returned'))
  assert.ok(found.complete, [...endings].join())
})

/** Makes of the lock's name a directory with the token of another lock, and then a link to that, without a pause. */
const attack = `
  const [aside, path] = [dir + '/aside', dir + '/path.lock']
  if (tried(() => mkdirSync(path)))
    for (const token of readdirSync(victim)) tried(() => writeFileSync(path + '/' + token, ''))
  tried(() => renameSync(path, aside))
  if (tried(() => symlinkSync(victim, path))) swaps++
  tried(() => unlinkSync(path))
  tried(() => rmSync(aside, { recursive: true }))`

if (!canBeAnother())
  raced.skip('an attacker at the name of a lock', 'it takes root, and a checkout that others may read')
else
  raced(
    'beside an attacker in a directory like /tmp, root holds the lock of that name or none, and touches no other',
    async () => {
      const dir = scratch()
      chmodSync(dir, 0o1777)
      const other = join(scratch(), 'other')
      const before = await plantLock(other)
      chmodSync(join(other, '..'), 0o755)
      const path = join(dir, 'path')
      const seen = { held: 0, attackers: 0, refused: 0 }
      const attacking = { dir, victim: `${other}.lock`, attack, ms: sized(5_000, 60_000) }
      const { swaps } = await whileAttacked(attacking, async turn => {
        const options = { retryFor: 0, timeout: 1_000 }
        const taking = turn % 2 ? lock(path, options) : lock.try(path, options)
        const lease = await taking.catch((error: NodeJS.ErrnoException) => error.code)
        assert.equal(readdirSync(`${other}.lock`), before)
        if (typeof lease !== 'object') {
          seen.refused++
          return
        }
        seen.held++
        const taken = lstatSync(`${path}.lock`, { throwIfNoEntry: false })
        if (taken?.uid === userId) seen.attackers++
        // The attacker, whose directory it is, can take that away.
        await lease.release().catch(error => assert.is((error as NodeJS.ErrnoException).code, 'ERR_LEASE_LOST'))
        assert.equal(readdirSync(`${other}.lock`), before)
        if (taken?.uid === 0) rmSync(`${path}.lock`, { recursive: true })
      })
      note(
        `${seen.held} times held, ${seen.attackers} of them the attacker’s, and ${seen.refused} times refused beside ${swaps} swaps`,
      )
      assert.ok(swaps > sized(100, 10_000) && seen.held > 0 && seen.refused > 0, `only ${swaps} swaps`)
    },
  )
