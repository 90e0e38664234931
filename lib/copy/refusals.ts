// What a copy would destroy is refused.

import { type SystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import type { Entry, Path, Steps } from '../core/steps.js'
import { isSpecial, sameInode } from '../parts/identity.js'
import { leadsTo } from '../parts/leads-to.js'
import type { Item } from './item.js'
import type { Copying } from './job.js'

/** May something be at the target that a copy must not replace? Only then is a look needed. */
export function mayDestroy({ above, kind }: Item): boolean {
  // At the topmost target `copy` has looked, and in a directory that this call has made there is nothing.
  if (!above || above.made) return false
  return kind === 'link' || above.hasSpecial
}

/** `there` is what has the target's name. */
export function* refuseReplacing(
  from: Path,
  to: Path,
  kind: Entry['kind'],
  there: Stats,
  { overwrite }: Copying,
): Steps<void> {
  if (!overwrite || there.isDirectory()) return
  if (isSpecial(there)) throw onSpecial(from, to)
  if (kind === 'link' && (yield* leadsTo(from, to, there)))
    throw systemError('EINVAL', 'copy', 'the link leads to what it would replace', from, to)
}

export const intoItself = (from: Path, to: Path): SystemError =>
  systemError('EINVAL', 'copy', 'a directory cannot be copied into itself', from, to)

export const onSpecial = (from: Path, to: Path): SystemError =>
  systemError(
    'EINVAL',
    'copy',
    'the target is a special file (a device, a pipe or a socket), and is not replaced',
    from,
    to,
  )

/** The error of special files in the source: names all of them, the first one as its `path`. */
export function cannotCopy(special: readonly Item[]): SystemError {
  const sorted = [...special].sort((a, b) => (String(a.shownFrom) < String(b.shownFrom) ? -1 : 1))
  const [{ shownFrom: from, shownTo: to }, ...more] = sorted as [Item, ...Item[]]
  const others = more.map(one => `, and neither can '${one.shownFrom}'`).join('')
  return systemError(
    'EINVAL',
    'copy',
    `a special file (a device, a pipe or a socket) cannot be copied${others}`,
    from,
    to,
  )
}

/** Links may lead in a circle. */
export function refuseCircle({ was, above, shownFrom }: Item): void {
  for (let outer = above; outer; outer = outer.above)
    if (sameInode(outer.was, was))
      throw systemError('ELOOP', 'copy', 'a link leads to a directory that it is in', shownFrom)
}
