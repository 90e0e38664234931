// Small experiments in a private directory. Each finds out whether the filesystem keeps one thing, and can find that it
// does not. A failure that says nothing about that (the disk is full, or broken) comes out as the error that it is.

import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Outcome, orNothing, type Steps, together } from '../core/steps.js'
import { done } from '../parts/achieve.js'
import { sameInode } from '../parts/identity.js'
import { closing } from '../parts/stage.js'
import { hasFailed, isKept, rounds } from './judgement.js'
import { type ScratchDir, statShown } from './scratch.js'
import { readLetter, touch, writeNew } from './small-files.js'

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
