// Windows' rules, as far as they can be tried elsewhere: what is decided by spelling, by a look, or by what was injected.

import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import { cell, copy, within } from 'holdfast'
import { type Call, driveSync, fs, type Steps } from 'holdfast/steps'
import { createState } from '../../lib/cell/create.js'
import { type State, successor } from '../../lib/cell/state.js'
import { clear, type Verdict } from '../../lib/cell/transition.js'
import { oddName } from '../../lib/core/device-names.js'
import { errnoOf, type SystemError, systemError } from '../../lib/core/errors.js'
import type { LifeFiles } from '../../lib/core/life-files.js'
import { judge, spellSelf, spellThread, type Witness } from '../../lib/core/owner.js'
import { withoutClock } from '../../lib/core/owner-words.js'
import { isRoot } from '../../lib/core/roots.js'
import { claimAndRename } from '../../lib/move/claim-and-rename.js'
import { achieve, noEvidence } from '../../lib/parts/achieve.js'
import { discard } from '../../lib/parts/cleanup.js'
import { silently } from '../../lib/parts/delete-job.js'
import { isDenied } from '../../lib/parts/denied.js'
import { makeDirectory } from '../../lib/parts/make-directory.js'
import { withParents } from '../../lib/parts/parents.js'
import { isStill } from '../../lib/parts/placed.js'
import { namingPublicly } from '../../lib/parts/public-names.js'
import { putBack } from '../../lib/parts/put-back.js'
import { rmdirOnce, unlinkOnce } from '../../lib/parts/remove-once.js'
import { removeAt } from '../../lib/parts/set-aside.js'
import { removeFiltered } from '../../lib/remove/filtered.js'
import { namingRelatively } from '../../lib/within/names.js'
import { asReal, namesBelow, relativeTo } from '../../lib/within/paths.js'
import { through } from '../broken/interfere.js'
import { byPaths } from '../support/by-paths.js'
import { assert, holds, scratch } from '../support/kit.js'
import { asOnWindows } from './as-on-windows.js'
import { isWindows } from './flavour.js'
import { names, roots } from './roots.js'

holds('a root is one however it is spelled, and what only looks like one is none', () => {
  assert.ok(roots.length >= 25)
  for (const root of roots) assert.is(isRoot(root, true), true, root)
  for (const name of names) assert.is(isRoot(name, true), false, name)
  for (const root of ['/', '//', '/.', '/..', '/a/..', '/a/../..']) assert.is(isRoot(root, false), true, root)
  for (const name of ['/a', '/a/..b', 'a/..', '/C:', '/ ']) assert.is(isRoot(name, false), /^\/ $/.test(name), name)
})

holds('a stream, a device, and a name with dots or blanks at its end are told from names of files', () => {
  for (const path of [
    'V:\\f:s',
    'V:\\NUL',
    'V:\\con.txt',
    'V:\\x\\com1',
    'V:\\x.',
    'V:\\x ',
    '\\\\?\\V:\\f:s',
    'V:f:s',
  ])
    assert.ok(oddName(path), path)
  for (const path of [
    'V:\\f',
    'V:\\.',
    'V:\\x\\..',
    'V:\\console',
    '\\\\?\\V:\\x.',
    '\\\\?\\V:\\NUL',
    'V:f',
    'V:',
    '\\\\s\\x',
  ])
    assert.is(oddName(path), undefined, path)
})

holds('an error names no private name, however Node spells that', () => {
  const name = '.f.a-b-c.0123456789abcdef.holdfast'
  for (const [at, spelt, path] of [
    [`C:\\d/${name}`, `C:\\d\\${name}`, 'C:\\d\\f'],
    [`C:\\d/${name}`, `C:\\d/${name}`, 'C:\\d\\f'],
    [`\\\\?\\C:\\d\\${name}`, `C:\\d\\${name}`, '\\\\?\\C:\\d\\f'],
    [`\\\\?\\UNC\\s\\x\\${name}`, `\\\\s\\x\\${name}`, '\\\\?\\UNC\\s\\x\\f'],
  ] as const)
    for (const below of ['', '\\in']) {
      const error = systemError('EIO', 'open', 'injected', spelt + below)
      const { message, path: said } = asOnWindows(() => namingPublicly(error, at, path)) as SystemError
      assert.is(said, path + below)
      assert.ok(message.includes(`open '${path}${below}'`), message)
    }
})

holds('errors made here have the numbers and the words of the platform', () => {
  const table = new Map<number, [string, string]>([
    [-4068, ['EISDIR', 'illegal operation on a directory']],
    [-4048, ['EPERM', 'operation not permitted']],
  ])
  assert.equal(errnoOf('EISDIR', table), { errno: -4068, description: 'illegal operation on a directory' })
  assert.is(errnoOf('EPERM', table).errno, -4048)
  assert.match(
    systemError('EISDIR', 'open', 'why', 'f').message,
    /^EISDIR: illegal operation on a directory, open 'f' \(why\)$/,
  )
})

/** A process of Windows, where births cannot be read. */
const witness = (
  pid: number,
  bornMs: number,
  life: LifeFiles,
  running: readonly number[],
  worker?: number,
): Witness => ({
  ...{ platform: 'win32', pid, worker, bornMs, life },
  text: () => undefined,
  link: () => undefined,
  exists: one => running.includes(one),
})

holds(
  'a thread that keeps its file open lives, and one whose file is gone does not, also if its pid is used again',
  () => {
    const held = new Set<string>()
    const life: LifeFiles = { hold: name => Boolean(held.add(name)), lives: name => held.has(name) }
    const [one, two] = [witness(10, 1_000, life, [10, 20]), witness(20, 5_000, life, [10, 20])]
    const owner = spellThread(spellSelf(one), one)
    const worker = witness(10, 1_000, life, [10, 20], 3)
    const ofWorker = spellThread(spellSelf(worker), worker)
    assert.is(held.size, 2)
    const seen = (spelt: string) => judge(spelt, spellSelf(two), two)
    for (const spelt of [owner, ofWorker, withoutClock(owner)]) assert.is(seen(spelt), true, spelt)
    // The worker has ended, and its process has not.
    held.delete([...held][1] as string)
    assert.equal([seen(owner), seen(ofWorker), judge(ofWorker, spellSelf(one), one)], [true, false, false])
    held.clear()
    for (const spelt of [owner, withoutClock(owner)]) assert.is(seen(spelt), false, spelt)
    // Where no file can be made, nothing shows.
    const poor = witness(10, 1_000, { hold: () => false, lives: () => undefined }, [10])
    assert.is(judge(spellThread(spellSelf(poor), poor), spellSelf(two), two), undefined)
  },
)

const denied = (code: 'EPERM' | 'EBUSY', syscall: string, path: string, dest?: string): boolean =>
  driveSync(isDenied(systemError(code, syscall, 'injected', path, dest), []))

holds('what no waiting cures is seen by a look; what is only open elsewhere is not taken for that', () => {
  const dir = scratch()
  const [file, sub, readOnly, none] = ['file', 'sub', 'read-only', 'none'].map(name => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ]
  for (const path of [file, readOnly]) writeFileSync(path, 'x', { mode: path === readOnly ? 0o444 : 0o644 })
  mkdirSync(sub)
  assert.is(denied('EPERM', 'rename', file, sub), true)
  assert.is(denied('EPERM', 'unlink', sub), true)
  assert.is(denied('EPERM', 'link', sub, none), true)
  assert.is(denied('EPERM', 'open', file), true)
  assert.is(denied('EPERM', 'symlink', 'x', none), true)
  assert.is(denied('EPERM', 'rename', none, file), false)
  assert.is(denied('EPERM', 'rename', file, none), false)
  assert.is(denied('EPERM', 'open', none), false)
  assert.is(denied('EBUSY', 'rename', file, sub), false)
  // A file that is read-only may be replaced: its directory says so.
  assert.is(denied('EPERM', 'rename', file, readOnly), false)
  assert.is(lstatSync(readOnly).mode & 0o222, 0o222)
})

/** Runs an attempt that fails so many times; returns how long each rest is to be. */
function restsOf(error: SystemError, tries: number): number[] {
  const rests: number[] = []
  const clock = (call: Call): Call => {
    if (call.op !== 'sleep') return call
    rests.push(call.args[0] as number)
    return { op: 'recall', args: ['nothing'] }
  }
  // biome-ignore lint/correctness/useYield: it fails at once
  const attempt = function* (): Steps<true> {
    if (rests.length === tries) return true
    throw error
  }
  asOnWindows(() =>
    driveSync(through(achieve(attempt, noEvidence, { as: 'spec', path: 'x', retryFor: Infinity }), clock)),
  )
  return rests
}

/** Runs steps as on Windows, without rests; `see` sees each call first. */
const onWindows = <T>(steps: Steps<T>, see: (call: Call) => Call | undefined): T => {
  const nothing: Call = { op: 'recall', args: ['nothing'] }
  return asOnWindows(() => driveSync(through(steps, call => see(call) ?? (call.op === 'sleep' ? nothing : call))))
}

/** The same steps, begun: paths that a user gives are spelled as they are here. */
function begun<T>(steps: Steps<T>): Steps<T> {
  let next: IteratorResult<Call, T> | undefined = steps.next()
  const rest = {
    next: (value: unknown) => {
      const first = next
      next = undefined
      return first ?? steps.next(value)
    },
    throw: (error: unknown) => steps.throw(error),
    [Symbol.iterator]: () => rest,
  }
  return rest as unknown as Steps<T>
}

const refused = ({ op, args: [path, dest] }: Call): SystemError =>
  systemError('EPERM', op, 'injected', path as string, dest as string | undefined)

holds('what is in the way for a moment only, or comes when a call has failed, is not taken for a refusal', () => {
  const dir = scratch()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  mkdirSync(from)
  let renames = 0
  const run = (staysFor: number) => {
    renames = 0
    const attempt = function* (): Steps<true> {
      yield { op: 'rename', args: [from, to] }
      return true
    }
    return onWindows(achieve(attempt, noEvidence, { as: 'spec', path: to }), call => {
      if (call.op !== 'rename') return undefined
      if (existsSync(to) && renames === staysFor) rmSync(to, { recursive: true })
      if (++renames > staysFor) return undefined
      mkdirSync(to, { recursive: true })
      throw refused(call)
    })
  }
  assert.is(run(1), true)
  mkdirSync(from)
  assert.throws(() => run(1000), { code: 'EPERM' })
  assert.is(renames, 2, 'what stays is a refusal as soon as it was there before and after an attempt')
})

const makeCell = (dir: string): Steps<Verdict> =>
  createState(dir, successor(undefined, { fields: [] }, randomBytes(8).toString('hex')), { as: 'spec', path: dir })

holds('a cell that another call makes after a rename was refused is that of the other', () => {
  const dir = join(scratch(), 'cell')
  let isRefused = false
  const made = onWindows(makeCell(dir), call => {
    if (call.op === 'rename' && call.args[1] === dir && !isRefused) {
      isRefused = true
      throw refused(call)
    }
    // The cell was read, and not there; what refuses is looked for now.
    if (call.op === 'lstat' && isRefused && call.args[0] === dir && !existsSync(dir)) driveSync(makeCell(dir))
    return undefined
  })
  assert.is(made, "another's")
  assert.is(isRefused, true)
})

holds('a cell is made where an empty directory that another process has open was in the way', () => {
  const dir = join(scratch(), 'cell')
  mkdirSync(dir)
  let refusals = 0
  const made = onWindows(makeCell(dir), call => {
    const isAboutCell = (call.op === 'rename' && call.args[1] === dir) || (call.op === 'rmdir' && call.args[0] === dir)
    if (!isAboutCell || refusals >= 40) return undefined
    refusals++
    throw refused(call)
  })
  assert.is(made, 'mine')
  assert.is(refusals, 40)
})

holds('what has a file above it is no directory, though Windows reports ENOENT of that', () => {
  const dir = scratch()
  const file = join(dir, 'file')
  writeFileSync(file, '')
  const see = (call: Call): Call | undefined => {
    const path = String(call.args[0])
    const isBelow = path.startsWith(`${file}/`) && ['mkdir', 'open', 'lstat', 'stat'].includes(call.op)
    if (!isBelow) return undefined
    if (call.op.endsWith('stat')) return { op: 'recall', args: ['nothing'] }
    throw systemError('ENOENT', call.op, 'injected', path)
  }
  const trial = { as: 'spec', path: file }
  for (const path of [`${file}/x`, `${file}/x/y/z`])
    assert.throws(() => onWindows(makeDirectory(path, 0o777, trial), see), { code: 'ENOTDIR' })
  for (const path of [`${file}/x`, `${file}/x/y`]) {
    const open = () => withParents(path, { changed: new Set() }, () => fs.open(path, 'wx'))
    assert.throws(() => onWindows(open(), see), { code: 'ENOTDIR' })
  }
  assert.throws(() => onWindows(makeDirectory(file, 0o777, trial), see), { code: 'EEXIST' })
})

holds('beside those that hold the file open, rests are short', () => {
  const dir = scratch()
  const rests = restsOf(systemError('EBUSY', 'rename', 'injected', join(dir, 'a'), join(dir, 'b')), 200)
  assert.is(rests.length, 200)
  assert.ok(
    rests.slice(3).every(ms => ms >= 1 && ms <= 10),
    String(rests),
  )
})

holds('a directory in which a removed file is still open, and so has its name, is removed in the background', () => {
  const dir = join(scratch(), 'private')
  mkdirSync(dir)
  writeFileSync(join(dir, 'open'), '')
  const nothing: Call = { op: 'recall', args: ['nothing'] }
  let later: (() => Steps<void>) | undefined
  const see = (call: Call): Call => {
    if (call.op === 'later') later = call.args[0] as () => Steps<void>
    return call.op === 'later' || call.op === 'sleep' ? nothing : call
  }
  const run = () => asOnWindows(() => driveSync((later as () => Steps<void>)()))
  const remove = () => discard(() => fs.rmdir(dir))
  if (!isWindows) {
    driveSync(through(remove(), see))
    assert.is(later, undefined, 'elsewhere it is left to those that put something there')
  }
  asOnWindows(() => driveSync(through(remove(), see)))
  assert.throws(run, { code: 'ENOTEMPTY' })
  assert.ok(existsSync(dir))
  rmSync(join(dir, 'open'))
  run()
  assert.not.ok(existsSync(dir))
})

holds(
  'a private directory that can be deleted by no name for a while is deleted in the background, by the one it has',
  () => {
    const top = scratch()
    const dir = join(top, '.x.place-1-1.0123456789abcdef.holdfast')
    mkdirSync(dir)
    writeFileSync(join(dir, 'open'), '')
    const trial = { as: 'spec', path: dir, retryFor: 0 }
    const was = statSync(dir, { bigint: true })
    const remove = () => removeAt(dir, silently(), trial, { isOurs: isStill(dir, was) })
    let later: (() => Steps<void>) | undefined
    let isOpen = false
    // As soon as it has another name, another process opens something in it.
    const see = (call: Call): Call => {
      if (call.op === 'later') later = call.args[0] as () => Steps<void>
      if (call.op === 'later' || call.op === 'sleep') return { op: 'recall', args: ['nothing'] }
      if (isOpen && ['rename', 'link', 'unlink', 'rmdir'].includes(call.op))
        throw systemError('EBUSY', call.op, 'injected', dir)
      if (call.op === 'rename') isOpen = true
      return call
    }
    asOnWindows(() => driveSync(through(discard(remove), see)))
    assert.is(isOpen, true)
    const [left = ''] = readdirSync(top)
    assert.match(left, /^\.\.x\..*\.holdfast$/)
    asOnWindows(() => driveSync((later as () => Steps<void>)()))
    assert.equal(readdirSync(top), [])
  },
)

holds('private files of a copied tree that cannot be removed for a while go in the background', () => {
  const [from, to] = [join(scratch(), 'from'), join(scratch(), 'to')]
  mkdirSync(from)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(from, name), name)
  const later: (() => Steps<void>)[] = []
  let isOpen = true
  const see = (call: Call): Call | undefined => {
    if (call.op === 'later') later.push(call.args[0] as () => Steps<void>)
    if (isOpen && ['rename', 'unlink'].includes(call.op)) throw refused(call)
    return call.op === 'later' ? { op: 'recall', args: ['nothing'] } : undefined
  }
  const run = () => byPaths(() => onWindows(begun(copy.steps(from, to, { retryFor: 0 })), see))
  assert.throws(run, { code: 'EPERM' })
  const left = readdirSync(to).filter(name => name.endsWith('.holdfast'))
  assert.ok(left.length >= 3, `${left}`)
  isOpen = false
  for (const steps of later) onWindows(steps(), see)
  assert.equal(readdirSync(to), [])
})

holds('of two calls that remove one state of a cell one has done it, though both may unlink the file', () => {
  const told = (onWindows: boolean): string[] => {
    const dir = join(scratch(), 'cell')
    const state = cell.create.sync(dir) as State
    const lie = (call: Call): Call =>
      call.op === 'unlink' && !existsSync(call.args[0] as string) ? { op: 'recall', args: ['nothing'] } : call
    const remove = () => driveSync(through(clear(dir, state, { as: 'spec', path: dir }), lie))
    const both = [1, 2].map(() => (onWindows ? asOnWindows(remove) : remove()))
    assert.equal(readdirSync(join(dir, '..')), [])
    return both
  }
  assert.equal(told(true), ['mine', "another's"])
  if (!isWindows) assert.equal(told(false), ['mine', 'mine'], 'elsewhere nothing lies so')
})

holds('below a root, paths and errors begin at the root, whichever way their separators go', () => {
  const top = 'C:\\d\\root'
  asOnWindows(() => {
    assert.is(relativeTo(top, top), '.')
    for (const path of [`${top}\\a\\b`, `${top}/a\\b`]) {
      assert.is(relativeTo(top, path), 'a\\b')
      assert.equal(namesBelow(top, path), ['a', 'b'])
    }
    for (const path of ['C:\\d\\rootless\\a', 'C:\\d', 'D:\\d\\root\\a']) {
      assert.is(relativeTo(top, path), path)
      assert.is(namesBelow(top, path), undefined)
    }
    assert.is(relativeTo('C:\\', 'C:\\a'), 'a')
    assert.is(asReal(`${top}/a/b`), `${top}\\a\\b`)
    const error = systemError('EIO', 'open', `it is in '${top}'`, `${top}\\a\\f`)
    error.message += ` Received ${inspect(`${top}\\a`)}`
    const { message, path } = namingRelatively(error, top) as SystemError
    assert.is(path, 'a\\f')
    assert.not.match(message, 'root')
    assert.ok(message.includes("open 'a\\f' (it is in '.')") && message.endsWith("Received 'a'"), message)
  })
})

holds('of two calls that remove one file one has done it, though both may unlink it', () => {
  const trial = { as: 'spec', path: 'x' }
  const ways: Record<string, (path: string) => Steps<boolean>> = {
    remove: path => removeAt(path, silently(), trial),
    'remove with a filter': path => removeFiltered(path, () => true, silently(), trial),
    'of a store': path => unlinkOnce(path, trial),
  }
  for (const [way, remove] of Object.entries(ways)) {
    const told = (isLying: boolean): boolean[] => {
      const path = join(scratch(), 'file')
      writeFileSync(path, 'x')
      const both = [remove(path), remove(path)]
      let others: boolean | undefined
      // Just before the file goes by one call, it goes by the other.
      const see = (call: Call): Call => {
        const goes = call.args[0] === path && (call.op === 'unlink' || call.op === 'rename')
        if (goes && others === undefined) {
          others = true
          others = driveSync(through(both[1] as Steps<boolean>, see))
        }
        const lies = isLying && call.op === 'unlink' && !existsSync(call.args[0] as string)
        return lies ? { op: 'recall', args: ['nothing'] } : call
      }
      const run = () => driveSync(through(both[0] as Steps<boolean>, see))
      const own = isLying ? asOnWindows(run) : run()
      assert.equal(readdirSync(dirname(path)), [])
      return [own, others as unknown as boolean]
    }
    assert.equal(told(true), [false, true], way)
    if (!isWindows) assert.equal(told(false), [false, true], way)
  }
})

holds('of two calls that remove one directory one has done it, though both may rmdir it', () => {
  const trial = { as: 'spec', path: 'x' }
  const ways: Record<string, (path: string) => Steps<boolean>> = {
    // Something in it is open, and so it cannot be renamed.
    'in place': path => removeAt(path, silently(), trial),
    'with a filter': path => removeFiltered(path, () => true, silently(), trial),
  }
  for (const [way, remove] of Object.entries(ways)) {
    const path = join(scratch(), 'dir')
    mkdirSync(path)
    writeFileSync(join(path, 'open'), 'x')
    const [one, other] = [remove(path), remove(path)]
    let others: boolean | undefined
    const nothing: Call = { op: 'recall', args: ['nothing'] }
    const see = (call: Call): Call => {
      const at = String(call.args[0])
      const isFull = existsSync(join(path, 'open'))
      if (call.op === 'rename' && at === path && isFull) throw refused(call)
      // Just before it goes by one call, it goes by the other.
      if (at === path && (call.op === 'rmdir' || call.op === 'rename') && !isFull && others === undefined) {
        others = false
        others = driveSync(through(other, see))
      }
      return call.op === 'sleep' || (call.op === 'rmdir' && !existsSync(at)) ? nothing : call
    }
    const own = asOnWindows(() => driveSync(through(one, see)))
    assert.equal([own, others, readdirSync(dirname(path))], [false, true, []], way)
  }
})

holds(
  'a file that cannot be deleted after it was set aside gets its name back, and one in a directory that allows no new names is unlinked',
  () => {
    const path = join(scratch(), 'file')
    writeFileSync(path, 'x')
    const remove = (op: 'unlink' | 'rename') =>
      onWindows(removeAt(path, silently(), { as: 'spec', path, retryFor: 0 }), call => {
        if (call.op !== op) return undefined
        // A program that runs loses no last name.
        const isRefused = op === 'rename' || statSync(call.args[0] as string).nlink === 1
        if (isRefused) throw refused(call)
        return undefined
      })
    assert.throws(() => remove('unlink'), { code: 'EPERM' })
    assert.equal(readdirSync(dirname(path)), ['file'])
    assert.is(readFileSync(path, 'utf8'), 'x')
    assert.is(remove('rename'), true)
    assert.equal(readdirSync(dirname(path)), [])
  },
)

holds('a directory gets a free name by one rename, and replaces nothing', () => {
  const dir = scratch()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  mkdirSync(from)
  writeFileSync(join(from, 'in'), 'x')
  const was = statSync(from, { bigint: true })
  const asked: string[] = []
  const give = function* (): Steps<void> {
    yield { op: 'rename', args: [from, to] }
  }
  const see = (call: Call): Call => {
    asked.push(call.op)
    return call
  }
  const claim = () =>
    asOnWindows(() => driveSync(through(claimAndRename(to, was, { as: 'move', path: to, retryFor: 0 }, give), see)))
  mkdirSync(to)
  assert.throws(claim, { code: 'EEXIST' })
  assert.not.ok(existsSync(join(to, 'in')))
  driveSync(
    (function* (): Steps<void> {
      yield { op: 'rmdir', args: [to] }
    })(),
  )
  asked.length = 0
  assert.is(claim(), true)
  assert.equal(asked, ['lstat', 'rename'])
  assert.is(readFileSync(join(to, 'in'), 'utf8'), 'x')
})

holds('a directory that gets its name back takes the place of no file that has the name meanwhile', () => {
  const ways: Record<string, (path: string, at: string) => Steps<unknown>> = {
    'set aside': (path, at) => putBack({ path, at }),
    'not empty any more': path => rmdirOnce(path),
  }
  for (const [way, act] of Object.entries(ways)) {
    const dir = scratch()
    const [path, at] = [join(dir, 'x'), join(dir, 'aside')]
    mkdirSync(way === 'set aside' ? at : path)
    const see = (call: Call): Call | undefined => {
      const [from, to] = call.args.map(String)
      if (call.op === 'link') throw refused(call)
      if (call.op === 'rmdir') {
        writeFileSync(join(from as string, 'in'), '')
        writeFileSync(path, "another's")
      }
      // Here Windows replaces the file.
      if (call.op === 'rename' && existsSync(to as string)) rmSync(to as string)
      return undefined
    }
    if (way === 'set aside') writeFileSync(path, "another's")
    try {
      onWindows(act(path, at), see)
    } catch {}
    assert.is(lstatSync(path).isFile() && readFileSync(path, 'utf8'), "another's", way)
    assert.is(readdirSync(dir).length, 2, way)
  }
})

holds('below a root, what is made ready at a private name and linked then is one thing', () => {
  const dir = scratch()
  writeFileSync(join(dir, 'file'), 'x')
  using root = within.sync(dir, { maxEntries: 1 })
  root.copy.sync('file', 'copied', { overwrite: false })
  assert.is(root.createExclusive.sync('created', 'x'), true)
  // What a scanner has open is removed in the background.
  const seen = readdirSync(dir).filter(name => !name.startsWith('.'))
  assert.equal(seen.sort(), ['copied', 'created', 'file'])
})
