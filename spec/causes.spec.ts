// A cause that an error names was seen; what it advises exists; and `true` says that it was this very call.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  copy,
  createExclusive,
  emplace,
  getOrCreate,
  link,
  lock,
  mkdirp,
  move,
  remove,
  symlink,
  updateFile,
  withLock,
  writeFile,
  writeFiles,
} from 'holdfast'
import { dual } from 'holdfast/steps'
import { systemError } from '../lib/core/errors.js'
import { through } from './broken/interfere.js'
import { assert, asUser, canBeAnother, explored, holds, nobodyThrew, prove, scratch } from './support/kit.js'
import { hindrance, onMount } from './support/one-mount.js'
import { told } from './support/planted.js'
import { isWindows } from './windows/flavour.js'

type Said = NodeJS.ErrnoException & { dest?: string }

const root = process.platform === 'linux' && process.getuid?.() === 0
const mounting = (command: string, ...args: string[]) => assert.is(spawnSync(command, args).status, 0, `${args}`)

/** Both forms reject alike; returns the error of one. */
async function rejects(act: { (): Promise<unknown>; sync(): unknown }, code: string): Promise<Said> {
  const error = (await assert.rejects(act(), { code })) as unknown as Said
  const other = assert.throws(act.sync, { code }) as unknown as Said
  assert.equal([other.message, other.path, other.dest], [error.message, error.path, error.dest])
  return error
}
const both = <A extends unknown[]>(act: { (...args: A): Promise<unknown>; sync(...args: A): unknown }, ...args: A) =>
  Object.assign(() => act(...args), { sync: () => act.sync(...args) })

// ---- A missing directory ----

/** Every function that has the option, with a name in a directory that is missing. */
const withParents: Readonly<Record<string, (dir: string, to: string) => Parameters<typeof rejects>[0]>> = {
  writeFile: (_, to) => both(writeFile, to, ''),
  writeFiles: (_, to) => both(writeFiles, [[to, '']]),
  createExclusive: (_, to) => both(createExclusive, to, ''),
  link: (dir, to) => both(link, join(dir, 'file'), to),
  symlink: (_, to) => both(symlink, 'text', to),
  'copy a file': (dir, to) => both(copy, join(dir, 'file'), to),
  'copy a tree': (dir, to) => both(copy, join(dir, 'tree'), to),
  'move a file': (dir, to) => both(move, join(dir, 'file'), to),
  'move a tree': (dir, to) => both(move, join(dir, 'tree'), to),
  'move, overwriting': (dir, to) => both(move, join(dir, 'tree'), to, { overwrite: 'with-gap' }),
  emplace: (dir, to) => both(emplace, join(dir, 'file'), to),
  'emplace, if absent': (dir, to) => both(emplace, join(dir, 'file'), to, { ifAbsent: true }),
}
const locking: Readonly<Record<string, (to: string) => Parameters<typeof rejects>[0]>> = {
  lock: to => both(lock as never, to),
  withLock: to => both(withLock as never, to, () => {}),
  updateFile: to => both(updateFile as never, to, () => 'new'),
  getOrCreate: to => both(getOrCreate as never, to, () => 'new'),
}

for (const [name, act] of Object.entries(withParents))
  holds(`${name}: ENOENT says which directory is missing, and which option makes it`, async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'file'), '')
    mkdirSync(join(dir, 'tree'))
    const to = join(dir, 'missing/to')
    const { message, path, dest, stack } = await rejects(act(dir, to), 'ENOENT')
    assert.match(message, `the directory '${join(dir, 'missing')}' is missing`)
    assert.match(message, '`parents: true`')
    assert.match(stack ?? '', message)
    assert.ok([path, dest].includes(to), message)
  })

for (const [name, act] of Object.entries(locking))
  holds(`${name}: ENOENT says which directory is missing, and which option makes it`, async () => {
    const dir = scratch()
    const { message, path } = await rejects(act(join(dir, 'missing/to')), 'ENOENT')
    assert.match(message, `the directory '${join(dir, 'missing')}' is missing, and \`parents: true\``)
    assert.is(path, join(dir, 'missing/to.lock'))
  })

holds('where the directory is there, or a link to nowhere, no option is advised', async () => {
  const dir = scratch()
  symlinkSync('nowhere', join(dir, 'dangling'))
  for (const act of [both(writeFile, join(dir, 'dangling/to'), ''), both(link, join(dir, 'none'), join(dir, 'to'))])
    assert.not.match((await rejects(act, 'ENOENT')).message, /parents/)
})

// ---- mkdirp ----

holds('the error of mkdirp names what was asked for, whatever call came before, and what is in the way', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  writeFileSync(at('file'), '')
  symlinkSync('nowhere', at('dangling'))
  for (const [name, code, obstacle] of [
    ['file/a/b/c', 'ENOTDIR', `'${at('file')}' is not a directory`],
    ['dangling/a/b', 'ENOENT', `'${at('dangling')}' is a link that leads to no directory`],
  ] as const) {
    const errors: Said[] = []
    // Each of the calls before makes the thread begin its climb somewhere else.
    for (const before of [undefined, `made-${code}`, `made-${code}/deep/er`]) {
      if (before) await mkdirp(at(before))
      errors.push(await rejects(both(mkdirp, at(name)), code))
    }
    for (const { path, message } of errors) assert.equal([path, message], [at(name), errors[0]?.message])
    assert.match(errors[0]?.message ?? '', obstacle)
  }
})

if (!canBeAnother()) holds.skip('what may not be made', 'it takes root')
else
  holds('a directory that may not be made: the error names it, and how far up nothing is there', () => {
    const dir = scratch()
    chmodSync(dir, 0o755)
    mkdirSync(join(dir, 'mine'))
    const asked = join(dir, 'mine/a/b/c')
    const script = `try { await holdfast.mkdirp('${asked}') } catch ({ code, path, message }) { console.log(code, path, message) }`
    const { said } = asUser(script)
    assert.match(
      said,
      `EACCES ${asked} EACCES: permission denied, mkdir '${asked}' (above it, only '${join(dir, 'mine')}' is there)`,
    )
  })

// ---- Who did it ----

if (!root) holds.skip('a read-only mount', 'it takes root on Linux')
else
  holds('on a read-only mount, remove of nothing did nothing, and says so', async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'there'), '')
    mounting('mount', '--bind', dir, dir)
    try {
      mounting('mount', '-o', 'remount,ro,bind', dir)
      assert.is(await remove(join(dir, 'nothing')), false)
      assert.is(remove.sync(join(dir, 'nothing')), false)
      await rejects(both(remove, join(dir, 'there')), 'EROFS')
    } finally {
      spawnSync('umount', [dir])
    }
  })

holds('a lease that is lost says what was seen in the place of it', async () => {
  const dir = scratch()
  const at = join(dir, 'x')
  const locks = `${at}.lock`
  const lost = async (change: (state: string) => void): Promise<string> => {
    const lease = await lock(at)
    change(join(locks, readdirSync(locks)[0] as string))
    const { message } = await assert.rejects(lease.renew(), { code: 'ERR_LEASE_LOST' })
    rmSync(locks, { recursive: true, force: true })
    return message
  }
  const nonce = '0123456789abcdef'
  const becomes = (fields: string) => lost(state => renameSync(state, join(locks, `t.9.${nonce}...${fields}`)))
  assert.match(await lost(state => rmSync(state)), 'its directory is empty')
  assert.match(await lost(() => rmSync(locks, { recursive: true })), 'its directory is gone')
  assert.match(await becomes('h.5.another-1-1'), 'another holder has taken it over')
  assert.match(await becomes('f.zzzzzzzzzz'), 'another holder has taken it over, and released it')
  assert.match(await becomes('f.1'), 'another process has freed it')
})

// ---- Mount points ----

if (!root) holds.skip('what is mounted', 'it takes root on Linux')
else
  holds('EBUSY says that something is mounted only where it is, and advises only options that there are', async () => {
    const dir = scratch()
    const [file, under, inner] = ['file with a blank', 'under', 'directory'].map(name => join(dir, name)) as [
      string,
      string,
      string,
    ]
    for (const path of [file, under]) writeFileSync(path, 'old')
    mkdirSync(inner)
    mounting('mount', '--bind', under, file)
    mounting('mount', '--bind', inner, inner)
    try {
      for (const act of [both(writeFile, file, 'x'), both(writeFiles, [[file, 'x']])])
        assert.match((await rejects(act, 'EBUSY')).message, /it is a mount point.*inPlace/)
      const updating = both(updateFile as never, file, () => 'x')
      assert.match((await rejects(updating, 'EBUSY')).message, /it is a mount point.*inPlace/)
      const { path, dest, message: removed } = await rejects(both(remove, inner), 'EBUSY')
      assert.equal([path, dest], [inner, undefined])
      assert.match(removed, /it is a mount point/)
      assert.is(readFileSync(under, 'utf8'), 'old')
    } finally {
      for (const point of [file, inner]) spawnSync('umount', [point])
    }
    // The same error, and nothing is mounted: only that is said which is known.
    const busy = dual(() =>
      through(writeFile.steps(file, 'x'), call => {
        if (call.op === 'rename') throw systemError('EBUSY', 'rename', 'injected', file)
        return call
      }),
    )
    assert.not.match((await rejects(both(busy), 'EBUSY')).message, /mount|inPlace/)
  })

explored('explore: what is busy and no mount point leaves the file as it was, and says nothing of mounts', () => {
  const world = {
    setup: (dir: string) => writeFileSync(join(dir, 'file'), 'old'),
    players: (dir: string) => ({
      writer: writeFile.steps(join(dir, 'file'), 'new', { durability: 'none' }),
      remover: remove.steps(join(dir, 'file')),
    }),
    failures: 1,
    failIn: ['rename', 'unlink'] as const,
    failWith: ['EBUSY'] as const,
    check: ({ outcomes }: Parameters<typeof nobodyThrew>[0]) => {
      for (const outcome of Object.values(outcomes))
        if (outcome.how === 'threw') {
          assert.is((outcome.error as Said).code, 'EBUSY')
          assert.not.match((outcome.error as Said).message, /mount/)
        }
    },
  }
  assert.is(prove('a writer beside a remover, with a busy name', world).complete, true)
})

// ---- Files that cannot be linked ----

/** A file that no call may link, whatever its name is; all others may be. */
const unlinkable = (file: string) => {
  const { ino } = statSync(file)
  return <T>(steps: Parameters<typeof through<T>>[0]) =>
    through(steps, call => {
      const from = call.args[0] as string
      if (call.op !== 'link' || statSync(from, { throwIfNoEntry: false })?.ino !== ino) return call
      throw systemError('EPERM', 'link', 'injected', from, call.args[1] as string)
    })
}

if (!canBeAnother() || readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() !== '1')
  holds.skip('a foreign file', 'it takes root, and protected hard links')
else
  holds('a foreign file, which may not be linked, is moved all the same, and overwrites nothing', () => {
    const dir = scratch()
    chownSync(dir, 54_321, 54_321)
    for (const name of ['foreign', 'other', 'taken']) writeFileSync(join(dir, name), name)
    const say = (call: string) =>
      asUser(`const at = name => '${dir}/' + name
        try { console.log(await holdfast.${call}) } catch ({ code, message }) { console.log(code, message) }`).said
    assert.is(say(`move(at('foreign'), at('moved'))`), 'true\n')
    assert.is(readFileSync(join(dir, 'moved'), 'utf8'), 'foreign')
    assert.is(say(`move(at('moved'), at('taken'))`), 'false\n')
    assert.is(say(`move.sync(at('other'), at('second'))`), 'true\n')
    assert.match(say(`emplace(at('moved'), at('new'), { ifAbsent: true })`), /^EPERM .*this one cannot/)
    assert.equal(readdirSync(dir).sort(), ['moved', 'second', 'taken'])
    assert.is(readFileSync(join(dir, 'taken'), 'utf8'), 'taken')
  })

if (hindrance('ext4')) holds.skip('an immutable file', hindrance('ext4'))
else
  holds('an immutable file is not moved, and that is not blamed on the filesystem', () =>
    onMount('ext4', async dir => {
      const file = join(dir, 'immutable')
      writeFileSync(file, 'kept')
      mounting('chattr', '+i', file)
      try {
        const before = told(dir)
        const { message } = await rejects(both(move, file, join(dir, 'new')), 'EPERM')
        assert.not.match(message, /hard links/)
        const error = await rejects(both(emplace, file, join(dir, 'new'), { ifAbsent: true }), 'EPERM')
        assert.match(error.message, /other files can be linked here, and this one cannot/)
        assert.equal(told(dir)?.slice(1), before?.slice(1))
      } finally {
        mounting('chattr', '-i', file)
      }
    }),
  )

holds(
  'whichever call fails while a file that cannot be linked is moved, it is at one of the names, and nothing else is left',
  () => {
    // Windows refuses so what is open for a moment: with patience, the link is tried for seconds, and each try has more calls.
    const impatient = isWindows ? { retryFor: 0 } : {}
    for (let k = 0, done = false; !done; k++) {
      const dir = scratch()
      const [from, to] = [join(dir, 'from'), join(dir, 'to')]
      writeFileSync(from, 'text')
      let calls = 0
      done = true
      const failing = dual(() =>
        through(unlinkable(from)(move.steps(from, to, { durability: 'none', ...impatient })), call => {
          if (!['open', 'fstat', 'lstat', 'rename', 'list'].includes(call.op) || calls++ !== k) return call
          done = false
          throw systemError('EIO', 'read', 'injected', 'x')
        }),
      )
      try {
        assert.is(failing.sync(), true)
      } catch (error) {
        // Windows has many reasons to refuse a link: if the look for the reason fails, the refusal itself comes out.
        const codes = isWindows ? ['EIO', 'EPERM'] : ['EIO']
        assert.ok(codes.includes((error as Said).code ?? ''), `${error}`)
      }
      const there = readdirSync(dir)
      assert.equal(there.length, 1, `${k}: ${there}`)
      assert.is(readFileSync(join(dir, there[0] as string), 'utf8'), 'text')
    }
  },
)

explored(
  'explore: of several movers of files that cannot be linked, to one name, one wins, and no file is lost',
  () => {
    const mover = (dir: string, name: string) =>
      unlinkable(join(dir, name))(move.steps(join(dir, name), join(dir, 'to')))
    const world = {
      setup(dir: string) {
        for (const name of ['A', 'B']) writeFileSync(join(dir, name), name)
      },
      players: (dir: string) => ({ A: mover(dir, 'A'), B: mover(dir, 'B') }),
      check: (ending: Parameters<typeof nobodyThrew>[0]) => {
        nobodyThrew(ending)
        const { dir, outcomes } = ending
        const there = readdirSync(dir).filter(name => !name.startsWith('.'))
        const texts = there.map(name => readFileSync(join(dir, name), 'utf8')).filter(text => text !== '')
        assert.equal(texts.sort(), ['A', 'B'])
        for (const name of ['A', 'B'] as const) {
          const outcome = outcomes[name]
          if (outcome?.how !== 'returned') continue
          assert.is(outcome.value, !there.includes(name))
          if (outcome.value) assert.is(readFileSync(join(dir, 'to'), 'utf8'), name)
        }
      },
      kills: 1,
    }
    assert.is(prove('movers of files that cannot be linked', world).complete, true)
  },
)
