import { win32 } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dual } from './core/dual.js'
import { hasCode, type SystemError } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, oneOf, type Patience, refusal } from './core/input.js'
import { fs, type Steps } from './core/steps.js'
import { type Again, achieve, again } from './parts/achieve.js'
import { syncName } from './parts/durable.js'
import { withParents } from './parts/parents.js'
import { type Staged, staged } from './parts/stage.js'

export interface SymlinkOptions extends Patience {
  /** On Windows, what it will lead to; elsewhere there is one kind only. By default the system looks. */
  readonly type?: 'file' | 'dir' | 'junction' | undefined
  /** Takes the place of what has the name, in one step; of a directory it cannot. @default false */
  readonly replace?: boolean | undefined
  /** `full`: the name is on the disk, too. Links have no other data, so `file` is as `none`. @default 'file' */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the link. @default false */
  readonly parents?: boolean | undefined
}

type Linked = 'linked' | 'already'

const types = ['file', 'dir', 'junction'] as const

/**
 * Makes a symbolic link.
 *
 * Holds afterwards: at an instant during the call `path` was a link with the text `target`. With `replace` the name was
 * never absent.
 *
 * Not promised: that the target is there, or is what `type` says.
 *
 * @param target Where it leads: the text of the link, kept verbatim. A relative one is meant from the link's directory.
 *   A Buffer may hold what is no text; a `file:` URL becomes a path.
 * @param path The link's own name: a path, or a `file:` URL.
 * @returns `'linked'`: by this call. `'already'`: it was so.
 * @throws EEXIST: something else has the name, and no `replace`. EISDIR: a directory has it. What else the system said,
 *   unchanged: ENOENT, EPERM (Windows, without the right to make links) ...
 *
 * @example
 * await symlink('releases/42', 'current', { replace: true })
 *
 * Source of the protocol: symlink(2) and rename(2), as `ln -sfT` should be.
 */
export const symlink = dual(function* symlink(
  target: string | URL | Buffer,
  path: string | URL,
  options: SymlinkOptions = {},
): Steps<Linked> {
  const to = asPath(path, 'path')
  const job: Linking = {
    text: asText(target),
    to,
    type: options.type === undefined ? undefined : oneOf(options.type, 'options.type', types, 'file'),
    replace: asFlag(options.replace, 'options.replace'),
    parents: asFlag(options.parents, 'options.parents'),
  }
  const durability = asDurability(options.durability)
  const linked = yield* achieve(
    () => withParents(to, job.parents, () => trySymlink(job)),
    error => statLinked(job, error),
    // The directory may vanish again between two calls.
    { as: 'symlink', path: to, retryFor: options.retryFor, also: job.parents ? ['ENOENT'] : [] },
  )
  yield* syncName(to, durability)
  return linked
})

interface Linking {
  readonly text: string | Buffer
  readonly to: string
  readonly type: 'file' | 'dir' | 'junction' | undefined
  readonly replace: boolean
  readonly parents: boolean
}

function asText(target: unknown): string | Buffer {
  const text = target instanceof URL ? fileURLToPath(target) : target
  if (typeof text !== 'string' && !Buffer.isBuffer(text))
    throw refusal('ERR_INVALID_ARG_TYPE', 'target', 'of type string or an instance of Buffer or URL', target)
  if (text.length === 0 || text.includes('\0'))
    throw refusal('ERR_INVALID_ARG_VALUE', 'target', 'a non-empty text without null bytes', target)
  return text
}

function* trySymlink(job: Linking): Steps<Linked> {
  const { text, to, type, replace } = job
  try {
    yield* fs.symlink(text, to, type)
    return 'linked'
  } catch (error) {
    if (!replace || !hasCode(error, 'EEXIST')) throw error
  }
  if ((yield* readText(job)) === 'ours') return 'already'
  // The link is made at a private name and renamed onto whatever has the name.
  return yield* staged(
    to,
    path => fs.symlink(text, path, type),
    stage => publish(stage, to),
  )
}

function* publish(stage: Staged<void>, to: string): Steps<Linked> {
  yield* fs.rename(stage.path, to)
  stage.spent = true
  return 'linked'
}

/** After an attempt that failed: has the link this text, or has the world moved? */
function* statLinked(job: Linking, error: SystemError): Steps<Linked | Again | undefined> {
  const seen = yield* readText(job)
  if (seen === 'ours') return 'already'
  // The name was taken, and nothing is there: what had the name has gone.
  if (seen === 'nothing' && hasCode(error, 'EEXIST')) return again
  // The private name was gone: it was renamed, the reply was lost, and another process has replaced the link since.
  return job.replace && seen === 'another' && hasCode(error, 'ENOENT') ? again : undefined
}

/** What has the name? One look decides. */
function* readText({ text, to }: Linking): Steps<'ours' | 'another' | 'nothing'> {
  try {
    return isSame(yield* fs.readlink(to), Buffer.from(text as string)) ? 'ours' : 'another'
  } catch (error) {
    // EINVAL: it is not a link.
    if (hasCode(error, 'EINVAL', 'UNKNOWN')) return 'another'
    if (hasCode(error, 'ENOENT')) return 'nothing'
    throw error
  }
}

/** Windows returns slashes its own way, and of a junction the whole path. */
const isSame = (there: Buffer, wanted: Buffer): boolean =>
  there.equals(wanted) ||
  (process.platform === 'win32' && win32.resolve(there.toString()) === win32.resolve(wanted.toString()))
