// Locks that several users share: whatever the umask of the first one is, and whoever comes first, also root.

import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { getOrCreate, lock, updateFile, withLock } from 'holdfast'
import { type Call, driveSync } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { assert, canBeAnother, holds, note, places, runScript, scratch, userId } from '../support/kit.js'

const posix = process.platform !== 'win32'
const anotherId = userId + 1
const group = userId + 2
const umasks = [0o077, 0o022, 0o002] as const

const octal = (path: string): string => (statSync(path).mode & 0o7777).toString(8)

if (!posix) holds.skip('the mode of a lock', 'it takes POSIX')
else {
  holds('whoever may write the directory above may use the lock, and nobody else, whatever the umask is', async () => {
    const top = scratch()
    const before = process.umask()
    try {
      for (const [above, modes] of [
        [0o700, ['4700', '4755', '4755', '4755']],
        [0o755, ['4700', '4755', '4755', '4755']],
        [0o775, ['4770', '4775', '4775', '4775']],
        [0o770, ['4770', '4775', '4775', '4775']],
        [0o777, ['4777', '4777', '4777', '4777']],
        [0o1777, ['4777', '4777', '4777', '4777']],
        [0o750, ['4700', '4755', '4755', '4755']],
      ] as const) {
        const dir = join(top, above.toString(8))
        mkdirSync(dir)
        chmodSync(dir, above)
        for (const [nth, umask] of [...umasks, 0].entries()) {
          process.umask(umask)
          const path = join(dir, `${nth}`)
          await withLock(path, () => {})
          assert.is(octal(`${path}.lock`), modes[nth], `${above.toString(8)}, umask ${umask.toString(8)}`)
          await updateFile(`${path}-file`, () => 'x')
          await getOrCreate(`${path}-made`, () => 'x')
          for (const one of ['file', 'made']) assert.is(octal(`${path}-${one}.lock`), modes[nth])
        }
      }
    } finally {
      process.umask(before)
    }
  })

  holds('mode says otherwise, and only of a lock', async () => {
    const top = scratch()
    const before = process.umask(0o077)
    try {
      for (const [mode, is] of [
        [0o777, '4777'],
        ['750', '4750'],
        [0o100700, '4700'],
        [0o1770, '4770'],
      ] as const) {
        const path = join(top, `${mode}`)
        await withLock(path, () => {}, { mode })
        assert.is(octal(`${path}.lock`), is)
        // One that is there keeps its own.
        lock.sync(path, { mode: 0o705 }).release.sync()
        assert.is(octal(`${path}.lock`), is)
      }
      await updateFile(join(top, 'file'), () => 'x', { mode: 0o640 })
      assert.equal([octal(join(top, 'file')), octal(join(top, 'file.lock'))], ['640', '4700'])
      await getOrCreate(join(top, 'made'), () => 'x', { mode: 0o640 } as object)
      assert.is(octal(join(top, 'made.lock')), '4700')
    } finally {
      process.umask(before)
    }
    for (const [mode, code] of [
      [0o070, 'ERR_OUT_OF_RANGE'],
      [-1, 'ERR_OUT_OF_RANGE'],
      ['rwx', 'ERR_INVALID_ARG_VALUE'],
      [{}, 'ERR_INVALID_ARG_TYPE'],
    ] as const)
      for (const call of [
        () => lock(join(top, 'bad'), { mode } as object),
        () => lock.try(join(top, 'bad'), { mode } as object),
      ])
        await assert.rejects(call() as Promise<unknown>, { code })
    assert.not(readdirSync(top).some(name => name.startsWith('bad') || name.startsWith('.')))
  })
}

holds('the rights of a new lock cost one call, which is made together with another', () => {
  const calls: Call[] = []
  driveSync(
    through(lock.try.steps(join(scratch(), 'thing')), call => {
      calls.push(call)
      return call
    }),
  )
  const onDisk = calls
    .map(({ op }) => op)
    .filter(op => /^(open|f?stat|l?stat|fchmod|fchown|chmod|chown|close)$/.test(op))
  // Windows has no rights that could be given so.
  assert.is(onDisk.filter(op => op === 'stat').length, posix ? 1 : 0)
  assert.equal(
    onDisk.filter(op => /^f|chown/.test(op)),
    posix ? ['fstat', 'fchmod'] : [],
  )
})

holds('a mode can be asked for where there are none, too', () => {
  const path = join(scratch(), 'thing')
  for (const options of [{}, { foreign: Number.POSITIVE_INFINITY }]) {
    lock.sync(path, { mode: 0o750, ...options }).release.sync({ remove: true })
    assert.is(lock.holder.sync(path), undefined)
  }
})

/** How each user works: in a process of its own, through all locks. */
type Lock = readonly [umask: number, path: string]

function work(locks: readonly Lock[], who: { uid: number; gid: number; groups?: readonly number[] }): string[] {
  const { said, code } = runScript(`
    const { lock, sweep, withLock } = holdfast
    process.setgroups(${JSON.stringify(who.groups ?? [])})
    process.setgid(${who.gid})
    process.setuid(${who.uid})
    const failed = []
    for (const [umask, path] of ${JSON.stringify(locks)}) {
      process.umask(umask)
      const acts = {
        lock: async () => {
          const lease = await lock(path, { timeout: 5000 })
          await lease.renew()
          if ((await lock.holder(path))?.fence !== lease.fence) throw new Error('not seen')
          await lease.release()
        },
        removed: async () => (await lock(path, { timeout: 5000 })).release({ remove: true }),
        swept: () => sweep(path.slice(0, path.lastIndexOf('/')), { locks: true }),
        sync: () => lock.try.sync(path).release.sync(),
        withLock: () => withLock(path, () => {}, { timeout: 5000 }),
      }
      for (const [name, act] of Object.entries(acts)) {
        try {
          await act()
        } catch (error) {
          failed.push(umask.toString(8) + ' ' + path.split('/').at(-2) + ' ' + name + ': ' + error.message)
        }
      }
    }
    console.log(JSON.stringify(failed))`)
  assert.is(code, 0, said)
  return JSON.parse(said)
}

const users = {
  one: { uid: userId, gid: userId, groups: [group] },
  another: { uid: anotherId, gid: anotherId, groups: [group] },
  root: { uid: 0, gid: 0 },
}

interface Shared {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly by: readonly (keyof typeof users)[]
}

const shared: Readonly<Record<string, Shared>> = {
  'all-may': { mode: 0o777, uid: 0, gid: 0, by: ['one', 'another', 'root', 'one'] },
  'a-group-may': { mode: 0o770, uid: 0, gid: group, by: ['one', 'another', 'one'] },
  'a-group-may-that-is-inherited': { mode: 0o2775, uid: anotherId, gid: group, by: ['one', 'another', 'root', 'one'] },
  'after-root': { mode: 0o755, uid: userId, gid: userId, by: ['root', 'one', 'root', 'one'] },
  'after-root-for-a-group': { mode: 0o770, uid: userId, gid: group, by: ['root', 'another', 'one'] },
  'sticky-after-root': { mode: 0o1777, uid: 0, gid: 0, by: ['root', 'one', 'another'] },
  sticky: { mode: 0o1777, uid: 0, gid: 0, by: ['one', 'another', 'root', 'one'] },
  'sticky-for-a-group': { mode: 0o1770, uid: 0, gid: group, by: ['another', 'one', 'another'] },
}

function lay(dir: string): string {
  const top = scratch(dir)
  chmodSync(top, 0o755)
  for (const [name, { mode, uid, gid }] of Object.entries(shared)) {
    mkdirSync(join(top, name))
    chownSync(join(top, name), uid, gid)
    chmodSync(join(top, name), mode)
  }
  return top
}

/** What root has made belongs to the owner of the directory above. */
function assertGiven(top: string, places: readonly (readonly [string, Shared])[]): void {
  for (const [place, { uid, gid }] of places) {
    const locks = readdirSync(join(top, place))
    assert.ok(locks.length > 0)
    for (const name of locks) {
      const at = join(top, place, name)
      for (const one of [lstatSync(at), lstatSync(join(at, readdirSync(at)[0] as string))])
        assert.equal([one.uid, one.gid], [uid, gid], place)
    }
  }
}

if (!canBeAnother()) holds.skip('a lock of two users', 'it takes root, and a checkout that others may read')
else
  for (const { kind, dir } of places)
    holds(
      `on ${kind}: two users and root share a lock, whoever made it, with any umask, also in a sticky directory`,
      () => {
        const top = lay(dir)
        let took = 0
        for (let turn = 0; turn < 4; turn++)
          for (const [name, who] of Object.entries(users)) {
            const mine = Object.entries(shared).filter(([, { by }]) => by[turn] === name)
            const locks = mine.flatMap(([place]) => umasks.map(umask => [umask, join(top, place, `${umask}`)] as const))
            if (locks.length === 0) continue
            took += locks.length
            assert.equal(work(locks, who), [], `turn ${turn}, ${name}`)
            if (turn === 0 && name === 'root') assertGiven(top, mine)
          }
        note(`${kind}: ${took} times taken, 0 locked out`)
      },
    )
