// An executable blob, and one that is not, are two inodes: the mode of an inode is that of all its names, and what runs
// must not be open for writing. The other one is made when it is first asked for.

import type { Stats } from '../core/stats.js'
import type { Steps } from '../core/steps.js'
import { duplicate } from '../parts/duplicate.js'
import { withParents } from '../parts/parents.js'
import { setMode } from '../parts/permissions.js'
import { staged } from '../parts/stage.js'
import { nonces } from '../parts/stage-names.js'
import type { Blobs } from './blobs.js'
import { type Generation, generationOf, labelOf, pathOf } from './layout.js'
import { publish } from './publish.js'
import { modeOf } from './putting.js'
import { isUncounted } from './reserve.js'
import { reserve } from './reserve-together.js'

/** Makes a generation of the other kind, and returns its path. */
export function* makeVariant(blobs: Blobs, from: Generation, executable: boolean): Steps<string> {
  const { digest, size } = from
  const target = labelOf(blobs.root, digest)
  const synced = blobs.settings.durability !== 'none'
  const source = pathOf(blobs.root, from)
  return yield* withParents(
    target,
    { changed: new Set() },
    () =>
      staged(
        target,
        path => duplicate(source, path, 'file', { times: false, owner: false, synced }),
        function* ({ path, made }) {
          yield* setMode(path, made as Stats, modeOf(executable), true)
          const generation = generationOf(digest, size, yield* nonces(), executable)
          if (blobs.cell || !isUncounted(blobs)) yield* reserve(blobs, path)
          yield* publish(blobs, path, generation)
          return pathOf(blobs.root, generation)
        },
      ),
    source,
  )
}
