import { dirname, isAbsolute, join, relative } from 'node:path'
import { openDual } from '../../core/dual.js'
import { hasCode } from '../../core/errors.js'
import { asPath } from '../../core/input.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { sameInode } from '../../parts/identity.js'
import { type SymlinkOptions, symlink } from '../../symlink.js'
import { nodeFs } from '../node-fs.js'
import { lookOrSay } from './ensure.js'

type Type = SymlinkOptions['type']

const types: readonly string[] = ['dir', 'file', 'junction']

/** Other systems have only one kind of link. */
const isTyped = process.platform === 'win32'

function* ensureSymlinkThere(source: string, target: string, type?: Type | null): Steps<void> {
  // The error is Node's, which looks at the type first.
  if (type && !types.includes(type)) nodeFs.symlinkSync(source, target, type)
  const { text, at } = yield* findSource(source, target)
  try {
    yield* symlink.steps(text, target, {
      type: type || (isTyped ? yield* typeOf(at) : undefined),
      parents: true,
      durability: 'none',
    })
  } catch (error) {
    // A link with another text is as good, if it leads to the same thing.
    if (!hasCode(error, 'EEXIST') || !(yield* leadsTo(asPath(target, 'dest'), at))) throw error
  }
}

export const ensureSymlink = openDual(ensureSymlinkThere)

interface Source {
  /** The text of the link. */
  readonly text: string
  /** Where the source is. */
  readonly at: string
}

/** A relative source is looked for beside the link first, as the system reads it, and then in the working directory. */
function* findSource(source: string, target: string): Steps<Source> {
  const dir = dirname(target)
  if (!isAbsolute(source)) {
    const beside = asPath(join(dir, source), 'src')
    if (yield* fs.exists(beside)) return { text: source, at: beside }
  }
  const at = asPath(source, 'src')
  // The sync form has words of its own, and follows a link.
  if (!(yield* fs.blocking())) yield* lookOrSay('ensureSymlink', at)
  else if (!(yield* fs.exists(at)))
    throw new Error(`${isAbsolute(source) ? 'absolute' : 'relative'} srcpath does not exist`)
  return { text: isAbsolute(source) ? source : relative(dir, source), at }
}

function* typeOf(at: string): Steps<Type> {
  return (yield* fs.lstat(at, orNothing))?.isDirectory() ? 'dir' : 'file'
}

function* leadsTo(link: string, at: string): Steps<boolean> {
  if (!(yield* fs.lstat(link, orNothing))?.isSymbolicLink()) return false
  return sameInode(yield* fs.stat(link, orNothing), yield* fs.stat(at, orNothing))
}
