// `rename`, `link` and `symlink`: calls to the system, each of which is repeated where waiting can cure its failure, and has
// succeeded if what was wanted holds although the reply was lost.

import { openDual } from '../../core/dual.js'
import { hasCode, isSystemError, type SystemError } from '../../core/errors.js'
import { fs, type Steps } from '../../core/steps.js'
import { emplace } from '../../emplace.js'
import { achieve, done } from '../../parts/achieve.js'
import { isInode } from '../../parts/identity.js'
import { textOf } from './paths.js'
import { replacing } from './replacing.js'

function* renameOnto(from: string, to: string): Steps<void> {
  try {
    yield* emplace.steps(from, to, { durability: 'none' })
  } catch (error) {
    if (isSystemError(error) && error.syscall === 'lstat') asOfRename(error, from, to)
    throw error
  }
}

/** The look that comes first says why there is nothing to rename, and callers expect the words of the rename. */
function asOfRename(error: SystemError, from: string, to: string): void {
  error.message = error.message.replace(/lstat '.*'/s, () => `rename '${from}' -> '${to}'`)
  Object.assign(error, { syscall: 'rename', path: from, dest: to })
}

export const rename = replacing<Parameters<typeof renameOnto>, void>('rename', openDual(renameOnto), (from, to) => {
  const [source, target] = [textOf(from), textOf(to)]
  return source !== undefined && target !== undefined ? [source, target] : undefined
})

/** That something has the name is an error, also if it is the same inode: a link may be what decides who is first. */
function* linkOnce(existing: string, path: string): Steps<void> {
  yield* achieve(
    () => done(fs.link(existing, path), true),
    function* (error) {
      if (hasCode(error, 'EEXIST')) return undefined
      return (yield* isInode(path, yield* fs.lstat(existing))) || undefined
    },
    { as: 'link', path },
  )
}

export const link = replacing<Parameters<typeof linkOnce>, void>('link', openDual(linkOnce), (existing, path) => {
  const [source, target] = [textOf(existing), textOf(path)]
  return source !== undefined && target !== undefined ? [source, target] : undefined
})

type Type = 'file' | 'dir' | 'junction'

function* symlinkOnce(text: string, path: string, type?: Type): Steps<void> {
  yield* achieve(
    () => done(fs.symlink(text, path, type), true),
    function* (error) {
      if (hasCode(error, 'EEXIST')) return undefined
      return (yield* fs.readlink(path)).equals(Buffer.from(text)) || undefined
    },
    { as: 'symlink', path },
  )
}

const types: ReadonlySet<unknown> = new Set(['file', 'dir', 'junction', undefined, null])

export const symlink = replacing<Parameters<typeof symlinkOnce>, void>(
  'symlink',
  openDual(symlinkOnce),
  (target, path, type) => {
    const [text, name] = [textOf(target), textOf(path)]
    if (text === undefined || name === undefined || !types.has(type)) return undefined
    return [text, name, (type ?? undefined) as Type | undefined]
  },
)
