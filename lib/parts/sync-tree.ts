// Brings a whole directory to the disk, before its name appears.

import type { Durability } from '../core/input.js'
import type { Entry, Steps } from '../core/steps.js'
import { concurrently } from './concurrently.js'
import {
  assertUnmoved,
  listEntries,
  type OpenDirectory,
  openDirectory,
  pathIn,
  pathTo,
  using,
} from './directory-handle.js'
import { syncDir, syncFile } from './durable.js'
import { type Place, placeIn, walkDown } from './walk-down.js'

/**
 * Syncs the data of every file in the directory; with `full`, also every directory. Links are not followed, because
 * they lead elsewhere. `meanwhile` runs again and again, because a large directory takes long.
 */
export function* syncTree(path: string, durability: Durability, meanwhile: () => Steps<void>): Steps<void> {
  if (durability === 'none') return
  const look = function* (dir: OpenDirectory, place: Place): Steps<readonly Place[]> {
    const entries = yield* listEntries(dir)
    yield* syncFiles(dir, entries, meanwhile)
    yield* meanwhile()
    // Its names are there already, so it need not wait for what is in the directories below.
    if (durability === 'full') yield* syncDir(pathTo(dir))
    return entries.filter(({ kind }) => kind === 'directory').map(entry => placeIn(place, entry))
  }
  const top = yield* openDirectory(path, path)
  yield* using(top, () =>
    walkDown(top, look, error => {
      throw error
    }),
  )
}

function* syncFiles(dir: OpenDirectory, entries: readonly Entry[], meanwhile: () => Steps<void>): Steps<void> {
  const files = entries.filter(({ kind }) => kind === 'file')
  const sync = function* (entry: Entry): Steps<void> {
    yield* meanwhile()
    yield* assertUnmoved(dir)
    yield* syncFile(pathIn(dir, entry))
  }
  yield* concurrently(
    files.map(entry => () => sync(entry)),
    64,
  )
}
