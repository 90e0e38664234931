import { win32 } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dual } from './core/dual.js'
import { hasCode, type SystemError } from './core/errors.js'
import { asDurability, asFlag, asPath, type Durability, oneOf, type Patience, refusal } from './core/input.js'
import { fs, type Steps } from './core/steps.js'
import { withParents } from './mkdirp.js'
import { type Again, achieve, again } from './parts/achieve.js'
import { syncName } from './parts/durable.js'
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

type Answer = 'linked' | 'already'

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
): Steps<Answer> {
  const to = asPath(path, 'path')
  const job: Linking = {
    text: asText(target),
    to,
    type: options.type === undefined ? undefined : oneOf(options.type, 'options.type', types, 'file'),
    replace: asFlag(options.replace, 'options.replace'),
    parents: asFlag(options.parents, 'options.parents'),
  }
  const durability = asDurability(options.durability)
  const answer = yield* achieve(
    () => withParents(to, job.parents, () => attempt(job)),
    error => isLinked(job, error),
    // The directory may vanish again between two calls.
    { as: 'symlink', path: to, retryFor: options.retryFor, also: job.parents ? ['ENOENT'] : [] },
  )
  yield* syncName(to, durability)
  return answer
})

/** A call under way. */
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

function* attempt(job: Linking): Steps<Answer> {
  const { text, to, type, replace } = job
  try {
    yield* fs.symlink(text, to, type)
    return 'linked'
  } catch (error) {
    if (!replace || !hasCode(error, 'EEXIST')) throw error
  }
  if ((yield* read(job)) === 'ours') return 'already'
  // Whatever has the name: in its place, at once.
  return yield* staged(
    to,
    path => fs.symlink(text, path, type),
    stage => renamed(stage, to),
  )
}

function* renamed(stage: Staged<void>, to: string): Steps<Answer> {
  yield* fs.rename(stage.path, to)
  stage.spent = true
  return 'linked'
}

/** Looks after an attempt that failed. */
function* isLinked(job: Linking, error: SystemError): Steps<Answer | Again | undefined> {
  const seen = yield* read(job)
  if (seen === 'ours') return 'already'
  // It was taken, and nothing is there: whoever had the name has gone.
  if (seen === 'nothing' && hasCode(error, 'EEXIST')) return again
  // The private name was gone: it had its new one, the reply was lost, and another has replaced it since.
  return job.replace && seen === 'another' && hasCode(error, 'ENOENT') ? again : undefined
}

/** What has the name? One look decides. */
function* read({ text, to }: Linking): Steps<'ours' | 'another' | 'nothing'> {
  try {
    return isSame(yield* fs.readlink(to), Buffer.from(text as string)) ? 'ours' : 'another'
  } catch (error) {
    // EINVAL: it is no link.
    if (hasCode(error, 'EINVAL', 'UNKNOWN')) return 'another'
    if (hasCode(error, 'ENOENT')) return 'nothing'
    throw error
  }
}

/** Windows tells slashes in its own way, and of a junction the whole path. */
const isSame = (there: Buffer, wanted: Buffer): boolean =>
  there.equals(wanted) ||
  (process.platform === 'win32' && win32.resolve(there.toString()) === win32.resolve(wanted.toString()))
