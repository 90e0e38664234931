// A blob that has other bytes than its name says: written by a process that lost them in a power cut, damaged by the disk,
// or changed through a file that was linked from the store. Exactly that generation is put into quarantine.

import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, done } from '../parts/achieve.js'
import { happened } from '../parts/happenings.js'
import { type Parents, withParents } from '../parts/parents.js'
import { type Blobs, keyOf } from './blobs.js'
import { badPath, type Generation, pathOf } from './layout.js'

export function* quarantine(blobs: Blobs, generation: Generation): Steps<void> {
  const { digest, executable } = generation
  const [from, to] = [pathOf(blobs.root, generation), badPath(blobs.root, generation)]
  blobs.known.delete(keyOf(digest, executable))
  const parents: Parents = { changed: new Set() }
  const isMoved = yield* achieve<boolean>(
    () => withParents(to, parents, () => done(fs.rename(from, to), true), from),
    function* () {
      // No other thing has either name: another call was first, or the reply was lost.
      if (yield* fs.lstat(to, orNothing)) return true
      return (yield* fs.lstat(from, orNothing)) ? undefined : false
    },
    blobs.trial(from),
  )
  if (isMoved) happened('holdfast:bad-blob', { digest, path: to })
}
