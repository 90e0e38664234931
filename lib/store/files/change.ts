// Changes of a key's cell.

import { type Change, commit, commitClear } from '../../cell/commit.js'
import { createState } from '../../cell/create.js'
import { type State, successor } from '../../cell/state.js'
import { advance, advanceAgain, tryAdvance } from '../../cell/transition.js'
import { hasCode } from '../../core/errors.js'
import { fs, type Steps } from '../../core/steps.js'
import { type Format, type Home, makeStore } from '../../create-exclusive/format.js'
import { finishAnyway } from '../../parts/cleanup.js'
import { syncDir } from '../../parts/durable.js'
import type { Draft } from '../backing.js'
import { type FileKept, keptOf } from './kept.js'
import { type Next, nextOf } from './next.js'
import type { Place } from './places.js'

/** What such a store says of itself. */
export const fileFormat: Format = { kind: 'store', format: 1, shards: 256 }

/** Where the store is, and how it is kept. */
export interface StoreHome extends Home {}

/** A value of at most so many bytes is kept in memory with the state that this thread has made of it. */
const mostRemembered = 4096

/** Makes the state after `was`. */
export function* put(home: StoreHome, place: Place, was: FileKept | undefined, to: Draft): Steps<FileKept | 'moved'> {
  const next = nextOf(place, was, to)
  try {
    // Most changes are no more than a rename, and what follows is for others.
    if (was && isRename(home, was, next)) {
      const { path, trial } = place
      const { state } = was
      const now = successor(state, next, to.id)
      const isDone =
        (yield* tryAdvance(path, state, now, trial)) || (yield* advanceAgain(path, state, now, trial)) === 'mine'
      return isDone ? keptOf(place, now) : 'moved'
    }
    return yield* apply(home, place, was, to, next)
  } catch (error) {
    // As on eCryptfs, where names have at most 143 bytes.
    if (next.short === undefined || !hasCode(error, 'ENAMETOOLONG')) throw error
  }
  return yield* apply(home, place, was, to, nextOf(place, was, to, false))
}

const isRename = ({ durability }: StoreHome, { state }: FileKept, { file, keepData = false }: Next): boolean =>
  durability !== 'full' && file === undefined && (keepData || state.payload === undefined)

function* apply(
  home: StoreHome,
  place: Place,
  was: FileKept | undefined,
  { id: nonce }: Draft,
  next: Next,
): Steps<FileKept | 'moved'> {
  const { path, trial } = place
  const { file: data, bytes } = next
  const { durability } = home
  const change: Change = { path, from: was?.state, next, data, durability, parents: undefined, trial, nonce }
  const made = yield* was
    ? commit(change, state => advance(path, was.state, state, trial))
    : createInShard(home, place, change)
  if (!made) return 'moved'
  return keptOf(place, made, bytes && bytes.length <= mostRemembered ? bytes : undefined)
}

/** The directory of the shard is made when it is missed. */
function* createInShard(home: StoreHome, place: Place, change: Change): Steps<State | undefined> {
  const create = (one: Change) => commit(one, state => createState(place.path, state, place.trial))
  try {
    return yield* create(change)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* makeShard(home, place)
  return yield* create({ ...change, parents: { changed: new Set([home.root]) } })
}

function* makeShard(home: StoreHome, { shard }: Place): Steps<void> {
  for (let tries = 1; ; tries++) {
    try {
      return yield* fs.mkdir(`${home.root}/${shard}`)
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return
      // The whole store was removed meanwhile.
      if (tries > 1 || !hasCode(error, 'ENOENT')) throw error
      yield* makeStore(home, fileFormat, 'fileStore')
    }
  }
}

/** Takes exactly this state away. */
export function* takeAway({ root, durability }: StoreHome, place: Place, was: FileKept): Steps<'removed' | 'moved'> {
  if (!(yield* commitClear(place.path, was.state, place.trial, durability))) return 'moved'
  if (durability === 'full') yield* finishAnyway(() => syncDir(`${root}/${place.shard}`))
  return 'removed'
}
