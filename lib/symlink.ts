import { win32 } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dual } from './core/dual.js'
import { hasCode, type SystemError, systemError } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, oneOf, type Patience, refusal } from './core/input.js'
import { platform } from './core/platform.js'
import { type Publication, publishing } from './core/publication.js'
import { fs, orNothing, type Steps } from './core/steps.js'
import { type Again, again } from './parts/achieve.js'
import { syncName } from './parts/durable.js'
import { textLeadsTo } from './parts/leads-to.js'
import { asParents, type Parents, withParents } from './parts/parents.js'
import { giving, isSpent, publish } from './parts/publish.js'
import { type Staged, staged } from './parts/stage.js'

export interface SymlinkOptions extends Patience {
  /**
   * On Windows, what the link leads to; other systems have only one kind of link.
   * @default what Node finds at the target
   */
  readonly type?: 'file' | 'dir' | 'junction' | undefined
  /** Replaces what has the name, in one step; a directory cannot be replaced. @default false */
  readonly replace?: boolean | undefined
  /**
   * `full`: the name is on disk before the call ends. A link has no other data, so `file` means `none`.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the link; with `durability: 'full'` their names are on the disk, too. @default false */
  readonly parents?: boolean | undefined
}

type Linked = 'linked' | 'already'

const types = ['file', 'dir', 'junction'] as const

/**
 * Makes a symbolic link.
 *
 * Holds afterwards: at an instant during the call `path` was a link with the text `target`. If it replaced something,
 * `path` was never missing meanwhile.
 *
 * Not promised: that the target is there, or is what `type` says.
 *
 * @param target Where the link leads: its text, kept verbatim. A relative path is resolved from the link's directory,
 *   as the system does it. A Buffer need not be valid text; a `file:` URL becomes a path.
 * @param path The link's own name: a path, or a `file:` URL.
 * @returns `'linked'`: this call made the link. `'already'`: it was there.
 * @throws EINVAL: with `replace`, a link that would lead to itself. EEXIST: something else has the name, and `replace` is
 *   not set. EISDIR: `replace` is set, and a directory has the name. Other errors of the system, unchanged: ENOENT, EPERM
 *   (Windows, without the right to make links) ...
 *   `published` of each error says whether the link was made (see `Published`).
 *
 * @example
 * await symlink('releases/42', 'current', { replace: true })
 *
 * Source of the protocol: symlink(2) and rename(2), as `ln -sfT` should be.
 */
export const symlink = dual(
  publishing(function* symlink(
    publication,
    target: string | URL | Buffer,
    path: string | URL,
    options: SymlinkOptions = {},
  ): Steps<Linked> {
    const to = asPath(path, 'path')
    const job: Symlinking = {
      text: asText(target),
      to,
      type: options.type === undefined ? undefined : oneOf(options.type, 'options.type', types, 'file'),
      replace: asFlag(options.replace, 'options.replace'),
      parents: asParents(options.parents),
      publication,
    }
    const durability = asDurability(options.durability)
    const linked = yield* publish(
      () => withParents(to, job.parents, () => trySymlink(job)),
      error => statSymlinked(job, error),
      // A directory that was made may vanish again before the next call.
      { as: 'symlink', path: to, retryFor: options.retryFor, also: job.parents ? ['ENOENT'] : [], publication },
    )
    yield* syncName(to, durability, job.parents)
    return linked
  }),
)

interface Symlinking {
  readonly text: string | Buffer
  readonly to: string
  readonly type: 'file' | 'dir' | 'junction' | undefined
  readonly replace: boolean
  readonly parents: Parents | undefined
  readonly publication: Publication
}

function asText(target: unknown): string | Buffer {
  const text = target instanceof URL ? fileURLToPath(target) : target
  if (typeof text !== 'string' && !Buffer.isBuffer(text))
    throw refusal('ERR_INVALID_ARG_TYPE', 'target', 'of type string or an instance of Buffer or URL', target)
  if (text.length === 0 || text.includes('\0'))
    throw refusal('ERR_INVALID_ARG_VALUE', 'target', 'a non-empty text without null bytes', target)
  return text
}

function* trySymlink(job: Symlinking): Steps<Linked> {
  const { text, to, type, replace, publication } = job
  try {
    yield* giving(publication, to, fs.symlink(text, to, type))
    return 'linked'
  } catch (error) {
    if (!replace || !hasCode(error, 'EEXIST')) throw error
  }
  if ((yield* compareText(job)) === 'same') return 'already'
  yield* refuseCircle(text, to)
  // The link is made at a private name, and renamed onto what has the name.
  return yield* staged(
    to,
    path => fs.symlink(text, path, type),
    stage => renameStage(stage, to, publication),
  )
}

/** A link that leads to itself would destroy what is there. */
function* refuseCircle(text: string | Buffer, to: string): Steps<void> {
  const there = yield* fs.lstat(to, orNothing)
  if (there && (yield* textLeadsTo(Buffer.from(text as string), to, to, there)))
    throw systemError('EINVAL', 'symlink', 'the link would lead to itself, and what is there would be lost', to)
}

function* renameStage(stage: Staged<void>, to: string, publication: Publication): Steps<Linked> {
  yield* giving(publication, to, fs.rename(stage.path, to), () => isSpent(stage.path))
  stage.spent = true
  return 'linked'
}

/** After an attempt that failed: has the link this text, or has the world moved? */
function* statSymlinked(job: Symlinking, error: SystemError): Steps<Linked | Again | undefined> {
  const seen = yield* compareText(job)
  if (seen === 'same') return 'already'
  // The name was taken, and nothing has it now: what had it is gone.
  if (seen === 'nothing' && hasCode(error, 'EEXIST')) return again
  // The private name was gone: it had been renamed, but the reply was lost, and another process has replaced the link
  // since.
  return job.replace && seen === 'another' && hasCode(error, 'ENOENT') ? again : undefined
}

/** Is what has the name a link with this text? One call decides. */
function* compareText({ text, to }: Symlinking): Steps<'same' | 'another' | 'nothing'> {
  try {
    return isSameText(yield* fs.readlink(to), Buffer.from(text as string)) ? 'same' : 'another'
  } catch (error) {
    // EINVAL: it is not a link.
    if (hasCode(error, 'EINVAL', 'UNKNOWN')) return 'another'
    if (hasCode(error, 'ENOENT')) return 'nothing'
    throw error
  }
}

/** Windows spells slashes its own way, and returns the whole path of a junction. */
const isSameText = (there: Buffer, wanted: Buffer): boolean =>
  there.equals(wanted) || (platform.isWindows && win32.resolve(there.toString()) === win32.resolve(wanted.toString()))
