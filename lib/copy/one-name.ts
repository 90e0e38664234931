// Two names of one source directory may be one name at the target: README and readme, where case does not count. Then
// the second would replace the first, silently.

import { basename } from 'node:path'
import { type SystemError, systemError } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { silently } from '../parts/delete-job.js'
import { removeMade, stagedTree } from '../parts/made-directory.js'
import { closing } from '../parts/stage.js'
import type { Item } from './item.js'

/** Gives the items whose names might be one name somewhere a list in common, of those that have begun. */
export function findRivals(items: readonly Item[]): void {
  const first = new Map<string, Item>()
  for (const item of items) {
    // A name that is not text has no case, and no filesystem that ignores case takes it.
    if (typeof item.to !== 'string') continue
    const key = keyOf(basename(item.to))
    const other = first.get(key)
    if (other) item.rivals = other.rivals ??= []
    else first.set(key, item)
  }
}

const plain = /^[!-~]*[!-\-/-~]$/

/**
 * Names with different keys are different names everywhere: this ignores whatever any filesystem ignores (case, how
 * accents are composed, invisible characters, dots and spaces at the end). The target itself decides about the others.
 */
function keyOf(name: string): string {
  if (plain.test(name)) return name.toLowerCase()
  const visible = name.normalize('NFKD').replace(/\p{Default_Ignorable_Code_Point}/gu, '')
  return visible
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[. ]+$/, '')
}

/** Throws an error that names both if the item's name is, at the target, that of another item that has begun. */
export function* refuseOneName(item: Item): Steps<void> {
  const { rivals = [], to } = item
  const earlier = [...rivals]
  // Before any call, so that of two items that begin together, one sees the other.
  rivals.push(item)
  for (const other of earlier) if (yield* isOneName(other.to as string, to as string)) throw collision(other, item)
}

const collision = (other: Item, { from, to }: Item): SystemError =>
  systemError('EEXIST', 'copy', `for the target this is the same name as that of '${other.from}'`, from, to)

/** Asks the filesystem, in a private directory beside them: a name there may be any spelling of itself. */
const isOneName = (one: string, other: string): Steps<boolean> =>
  stagedTree(
    one,
    function* ({ path }) {
      const fd = yield* fs.open(`${path}/${basename(one)}`, 'wx')
      return yield* closing(fd, function* () {
        return (yield* fs.lstat(`${path}/${basename(other)}`, orNothing)) !== undefined
      })
    },
    (path, made) => removeMade(path, made, silently(1)),
  )
