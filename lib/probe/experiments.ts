// Small experiments in a private directory. Each tells whether the filesystem keeps one thing, and can tell that it does
// not. What says nothing about that (a disk that is full, or broken) comes out as the error that it is.

import { cannotLink, type Errno, hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Outcome, orNothing, type Steps, together } from '../core/steps.js'
import { done } from '../parts/achieve.js'
import { sameInode } from '../parts/identity.js'
import { closing } from '../parts/stage.js'
import { type ScratchDir, statShown } from './scratch.js'

/** How often that is tried which may go well by chance. */
const rounds = 20

/** What says "not here" of links says it of all else; and "not you" to who lost, for whom sshfs has EPERM, not EEXIST. */
const isRefusal = (error: unknown): boolean => cannotLink(error) || hasCode(error, 'EEXIST', 'EACCES')

/**
 * Runs an experiment: a refusal is its answer, too. EEXIST may be the echo of a call of our own, because nobody else has
 * its names: that is believed when it is said twice, and so is what is `odd`.
 */
export function* keeps(experiment: (nth: string) => Steps<boolean>, ...odd: readonly Errno[]): Steps<boolean> {
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

const failed = (outcome: Outcome<unknown>): outcome is { readonly error: unknown } => 'error' in outcome

/** Of two who make one name, a file's or a directory's, exactly one is told that he did, and who comes later is not. */
export function* exclusiveCreate(scratch: ScratchDir): Steps<boolean> {
  for (let round = 0; round < rounds; round++) {
    const files = () => bothWays(scratch, round, path => fs.open(`${path}/file${round}`, 'wx', 0o600))
    const dirs = () => bothWays(scratch, round, path => fs.mkdir(`${path}/dir${round}`, 0o700))
    for (const make of [files, dirs]) if ((yield* winners(make())) !== 1 || (yield* winners(make())) !== 0) return false
  }
  return true
}

/** Of two who rename one file, each to a name of his own, exactly one is told that he did. */
export function* exclusiveRename(scratch: ScratchDir): Steps<boolean> {
  for (let round = 0; round < rounds; round++) {
    // Made by either, because who does not know of it would lose for that alone.
    for (const path of [scratch.here, scratch.there]) yield* touch(`${path}/token${round}`)
    const rename = (path: string, at: number) => fs.rename(`${path}/token${round}`, `${path}/token${round}-${at}`)
    if ((yield* winners(bothWays(scratch, round, rename), 'ENOENT')) !== 1) return false
  }
  return true
}

/** In turn first, because the sync form lets one go after the other. */
function bothWays<T>({ here, there }: ScratchDir, round: number, call: (path: string, at: number) => Steps<T>) {
  return (round % 2 === 0 ? [here, there] : [there, here]).map(call)
}

const eio = ['EIO'] as const

/** Makes the calls at once; answers how many were told that they succeeded. */
function* winners(calls: readonly Steps<unknown>[], ...lost: readonly Errno[]): Steps<number> {
  const outcomes = yield* together(calls)
  const won = outcomes.flatMap(one => (failed(one) ? [] : [one.value]))
  yield* together(won.flatMap(fd => (typeof fd === 'number' ? [fs.close(fd)] : [])))
  // To who lost to another mount, rclone says EIO. Without a winner that is no answer.
  const isLost = (error: unknown) => isRefusal(error) || hasCode(error, ...lost, ...(won.length > 0 ? eio : []))
  for (const one of outcomes) if (failed(one) && !isLost(one.error)) throw one.error
  return won.length
}

/** Two names are one inode, and another inode cannot have a name that is taken. */
export function* hardLinks({ here }: ScratchDir, nth: string): Steps<boolean> {
  const at = (name: string) => `${here}/${nth}-${name}`
  for (const name of ['one', 'other']) yield* writeNew(at(name), 'x')
  yield* fs.link(at('one'), at('two'))
  const one = yield* fs.lstat(at('one'))
  if (yield* keeps(() => done(fs.link(at('other'), at('two')), true))) return false
  return sameInode(one, yield* fs.lstat(at('two'), orNothing))
}

/** How many names one file gets, of as many as are wanted. */
export function* namesOf({ here }: ScratchDir, wanted: number): Steps<number> {
  const first = `${here}/name1`
  yield* touch(first)
  for (let seen = 1; seen < wanted; seen++)
    if (!(yield* keeps(nth => done(fs.link(first, `${here}/name${seen + 1}-${nth}`), true)))) return seen
  return wanted
}

export function* symlinks({ here }: ScratchDir, nth: string): Steps<boolean> {
  yield* fs.symlink('nowhere', `${here}/${nth}-symlink`)
  return (yield* fs.readlink(`${here}/${nth}-symlink`)).toString() === 'nowhere'
}

/** A file has one number, however it is asked for and whatever its name, and another file has another. */
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
  // Once more, now that nobody has it open.
  const last = yield* fs.lstat(moved)
  if (!seen.every(one => sameInode(one, last)) || sameInode(last, yield* fs.lstat(other))) return false
  // Another mount is another device, so there the inode's own number is all that can be kept.
  return (
    scratch.there === scratch.here || (yield* statShown(at('inode-moved', scratch.there), scratch)).ino === last.ino
  )
}

/** Whoever looks while a file is replaced finds the old one or the new one, and who had it open goes on with the old. */
export function* atomicRename({ here }: ScratchDir, nth: string): Steps<boolean> {
  const [name, next] = [`${here}/${nth}-name`, `${here}/${nth}-next`]
  yield* writeNew(name, 'a')
  for (let round = 1; round <= rounds; round++) {
    const [old, young] = [letter(round - 1), letter(round)]
    const fd = yield* fs.open(name, 'r')
    const kept = yield* closing(fd, function* () {
      yield* writeNew(next, young)
      return (yield* isReplaced(name, next, [old, young])) && (yield* textOf(fd)) === old
    })
    // That the young one is there now, the next round finds out.
    if (!kept) return false
  }
  return true
}

const letter = (round: number): string => String.fromCharCode(97 + round)

function* isReplaced(name: string, next: string, texts: readonly string[]): Steps<boolean> {
  const look = () => fs.lstat(name, orNothing)
  const calls: Steps<unknown>[] = [fs.rename(next, name), fs.open(name, 'r'), look(), look()]
  const [renamed, opened, ...looks] = (yield* together(calls)) as [Outcome<void>, Outcome<number>, ...Outcome<Stats>[]]
  const text = failed(opened) ? undefined : yield* closing(opened.value, () => textOf(opened.value))
  // ENOENT of the rename is the echo of one that was done, if it was: what is there afterwards tells.
  for (const one of [renamed, opened, ...looks]) if (failed(one) && !hasCode(one.error, 'ENOENT')) throw one.error
  const isThere = looks.every(one => !failed(one) && one.value !== undefined)
  return isThere && text !== undefined && texts.includes(text)
}

export function* caseSensitive({ here }: ScratchDir): Steps<boolean> {
  yield* touch(`${here}/case`)
  return (yield* fs.lstat(`${here}/CASE`, orNothing)) === undefined
}

export function* directoryFsync({ here }: ScratchDir): Steps<boolean> {
  const fd = yield* fs.open(here, 'r')
  return yield* closing(fd, () => done(fs.fsync(fd), true))
}

function* touch(path: string): Steps<void> {
  yield* fs.close(yield* fs.open(path, 'w', 0o600))
}

function* writeNew(path: string, text: string): Steps<void> {
  const fd = yield* fs.open(path, 'wx', 0o600)
  yield* closing(fd, () => fs.write(fd, Buffer.from(text)))
}

/** The one letter in a file. */
function* textOf(fd: number): Steps<string> {
  const into = Buffer.alloc(2)
  return into.toString('latin1', 0, yield* fs.read(fd, into, 0))
}
