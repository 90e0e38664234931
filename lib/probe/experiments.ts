// Small experiments in a private directory. Each finds out whether the filesystem keeps one thing, and can find that it
// does not. A failure that says nothing about that (the disk is full, or broken) comes out as the error that it is.

import { cannotLink, type Errno, hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Outcome, orNothing, type Steps, together } from '../core/steps.js'
import { done } from '../parts/achieve.js'
import { sameInode } from '../parts/identity.js'
import { closing } from '../parts/stage.js'
import { type ScratchDir, statShown } from './scratch.js'

/** How many times an experiment is made that may succeed by chance. */
const rounds = 20

/**
 * The codes for "no links here" mean "not here" of other calls, too. The loser of a race gets EEXIST, or EPERM on
 * sshfs.
 */
const isRefusal = (error: unknown): boolean => cannotLink(error) || hasCode(error, 'EEXIST', 'EACCES')

/**
 * Runs an experiment; a refusal counts as false. EEXIST may be the echo of our own call, because no other process has
 * these names, so it counts only when it comes twice; and so do the codes in `odd`.
 */
export function* isKept(experiment: (nth: string) => Steps<boolean>, ...odd: readonly Errno[]): Steps<boolean> {
  for (const nth of ['first', 'second']) {
    try {
      return yield* experiment(nth)
    } catch (error) {
      if (hasCode(error, 'EEXIST', ...odd)) continue
      if (!isRefusal(error)) throw error
      return false
    }
  }
  return false
}

const hasFailed = (outcome: Outcome<unknown>): outcome is { readonly error: unknown } => 'error' in outcome

/** When two calls create the same file or directory, exactly one succeeds, and later ones fail. */
export function* exclusiveCreate(scratch: ScratchDir): Steps<boolean> {
  for (let round = 0; round < rounds; round++) {
    const files = () => bothWays(scratch, round, path => fs.open(`${path}/file${round}`, 'wx', 0o600))
    const dirs = () => bothWays(scratch, round, path => fs.mkdir(`${path}/dir${round}`, 0o700))
    for (const make of [files, dirs])
      if ((yield* countWinners(make())) !== 1 || (yield* countWinners(make())) !== 0) return false
  }
  return true
}

/** When two calls rename the same file, each to a name of its own, exactly one succeeds. */
export function* exclusiveRename(scratch: ScratchDir): Steps<boolean> {
  for (let round = 0; round < rounds; round++) {
    // It is made by both paths, because a mount that does not know of the file would lose for that reason alone.
    for (const path of [scratch.here, scratch.there]) yield* touch(`${path}/token${round}`)
    const rename = (path: string, at: number) => fs.rename(`${path}/token${round}`, `${path}/token${round}-${at}`)
    if ((yield* countWinners(bothWays(scratch, round, rename), 'ENOENT')) !== 1) return false
  }
  return true
}

/** One call by each path. They take turns at being first, because the sync form makes one after the other. */
function bothWays<T>({ here, there }: ScratchDir, round: number, call: (path: string, at: number) => Steps<T>) {
  return (round % 2 === 0 ? [here, there] : [there, here]).map(call)
}

/** Makes the calls at once, and returns how many succeeded. */
function* countWinners(calls: readonly Steps<unknown>[], ...lost: readonly Errno[]): Steps<number> {
  const outcomes = yield* together(calls)
  const values = outcomes.flatMap(one => (hasFailed(one) ? [] : [one.value]))
  yield* together(values.flatMap(fd => (typeof fd === 'number' ? [fs.close(fd)] : [])))
  // rclone reports EIO to a call that lost to another mount. If no call won, EIO proves no loss, and comes out.
  const isLost = (error: unknown) =>
    isRefusal(error) || hasCode(error, ...lost) || (values.length > 0 && hasCode(error, 'EIO'))
  for (const one of outcomes) if (hasFailed(one) && !isLost(one.error)) throw one.error
  return values.length
}

/** Two names are one inode, and another inode cannot get a name that is taken. */
export function* hardLinks({ here }: ScratchDir, nth: string): Steps<boolean> {
  const at = (name: string) => `${here}/${nth}-${name}`
  for (const name of ['one', 'other']) yield* writeNew(at(name), 'x')
  yield* fs.link(at('one'), at('two'))
  const one = yield* fs.lstat(at('one'))
  if (yield* isKept(() => done(fs.link(at('other'), at('two')), true))) return false
  return sameInode(one, yield* fs.lstat(at('two'), orNothing))
}

/** Returns how many names one file can get, at most as many as are wanted. */
export function* countNames({ here }: ScratchDir, wanted: number): Steps<number> {
  const first = `${here}/name1`
  yield* touch(first)
  for (let seen = 1; seen < wanted; seen++)
    if (!(yield* isKept(nth => done(fs.link(first, `${here}/name${seen + 1}-${nth}`), true)))) return seen
  return wanted
}

export function* symlinks({ here }: ScratchDir, nth: string): Steps<boolean> {
  const path = `${here}/${nth}-symlink`
  yield* fs.symlink('nowhere', path)
  // Wine reports that it has made one, and has not.
  if (!(yield* fs.lstat(path, orNothing))) return false
  return (yield* fs.readlink(path)).toString() === 'nowhere'
}

/** A file has one inode number, whichever call asks for it and whatever its name is, and another file has another. */
export function* stableInodes(scratch: ScratchDir, nth: string): Steps<boolean> {
  const at = (name: string, by = scratch.here) => `${by}/${nth}-${name}`
  const [path, moved, other] = [at('inode'), at('inode-moved'), at('inode-other')]
  yield* writeNew(other, 'x')
  const fd = yield* fs.open(path, 'wx', 0o600)
  const seen = yield* closing(fd, function* () {
    const before = [yield* fs.fstat(fd), yield* fs.lstat(path)]
    yield* fs.rename(path, moved)
    return [...before, yield* fs.lstat(moved), yield* fs.fstat(fd)]
  })
  // Once more, because the file is not open any more.
  const last = yield* fs.lstat(moved)
  if (!seen.every(one => sameInode(one, last)) || sameInode(last, yield* fs.lstat(other))) return false
  // Another mount is another device, so only the inode number can be the same there.
  return (
    scratch.there === scratch.here || (yield* statShown(at('inode-moved', scratch.there), scratch)).ino === last.ino
  )
}

/**
 * While a file is replaced, the name has the old file or the new one; and where the old file is open, it can be read.
 */
export function* atomicRename({ here }: ScratchDir, nth: string): Steps<boolean> {
  const [name, next] = [`${here}/${nth}-name`, `${here}/${nth}-next`]
  yield* writeNew(name, 'a')
  for (let round = 1; round <= rounds; round++) {
    const [oldText, newText] = [letter(round - 1), letter(round)]
    const fd = yield* fs.open(name, 'r nofollow')
    const kept = yield* closing(fd, function* () {
      yield* writeNew(next, newText)
      return (yield* isReplaced(name, next, [oldText, newText])) && (yield* readLetter(fd)) === oldText
    })
    // The next round finds out whether the name has the new text now.
    if (!kept) return false
  }
  return true
}

const letter = (round: number): string => String.fromCharCode(97 + round)

function* isReplaced(name: string, next: string, texts: readonly string[]): Steps<boolean> {
  const look = () => fs.lstat(name, orNothing)
  const calls: Steps<unknown>[] = [fs.rename(next, name), fs.open(name, 'r nofollow'), look(), look()]
  const [renamed, opened, ...looks] = (yield* together(calls)) as [Outcome<void>, Outcome<number>, ...Outcome<Stats>[]]
  const text = hasFailed(opened) ? undefined : yield* closing(opened.value, () => readLetter(opened.value))
  // ENOENT from the rename may be the echo of our own call. The next round shows whether the rename was done.
  for (const one of [renamed, opened, ...looks]) if (hasFailed(one) && !hasCode(one.error, 'ENOENT')) throw one.error
  const neverMissing = looks.every(one => !hasFailed(one) && one.value !== undefined)
  return neverMissing && text !== undefined && texts.includes(text)
}

export function* caseSensitive({ here }: ScratchDir): Steps<boolean> {
  yield* touch(`${here}/case`)
  return (yield* fs.lstat(`${here}/CASE`, orNothing)) === undefined
}

export function* directoryFsync({ here }: ScratchDir): Steps<boolean> {
  const fd = yield* fs.open(here, 'r nofollow')
  return yield* closing(fd, () => done(fs.fsync(fd), true))
}

function* touch(path: string): Steps<void> {
  yield* fs.close(yield* fs.open(path, 'w nofollow', 0o600))
}

function* writeNew(path: string, text: string): Steps<void> {
  const fd = yield* fs.open(path, 'wx', 0o600)
  yield* closing(fd, () => fs.write(fd, Buffer.from(text)))
}

/** Reads the one letter that is in a file. */
function* readLetter(fd: number): Steps<string> {
  const into = Buffer.alloc(2)
  return into.toString('latin1', 0, yield* fs.read(fd, into, 0))
}
