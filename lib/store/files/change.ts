// Changes of a key's cell.

import { type Change, commit, commitClear } from '../../cell/commit.js'
import { createState } from '../../cell/create.js'
import { type State, spellState, successor } from '../../cell/state.js'
import { advance, advanceAgain, tryAdvance, type Verdict } from '../../cell/transition.js'
import { hasCode, isSystemError } from '../../core/errors.js'
import { epochMs } from '../../core/moment.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { type Format, type Home, makeStore } from '../../create-exclusive/format.js'
import { cleaningUp } from '../../parts/cleanup.js'
import { syncDir } from '../../parts/durable.js'
import type { Draft } from '../backing.js'
import { hasEnded } from '../expiry.js'
import { just } from '../just.js'
import { type FileKept, keptOf, tokenOf } from './kept.js'
import { type Next, nextOf } from './next.js'
import type { Place } from './places.js'

/** What such a store says of itself. */
export const fileFormat: Format = { kind: 'store', format: 1, shards: 256 }

/** A value of at most so many bytes is kept in memory with the state that this thread has made of it. */
const mostRemembered = 4096

/** Makes the state after `was`. `hasShard`: the directory of the shard was seen. */
export function* put(
  home: Home,
  place: Place,
  was: FileKept | undefined,
  to: Draft,
  hasShard: boolean,
): Steps<FileKept | 'moved'> {
  const next = nextOf(place, was, to)
  try {
    // Most changes are no more than a rename, and what follows is for others.
    if (!was || !isRename(home, was, next)) return yield* apply(home, place, was, to, next, hasShard)
    if (isTooLate(was, to)) return 'moved'
    const now = successor(was.state, next, to.id)
    const token = `${place.path}/${spellState(now)}`
    try {
      yield* fs.rename(tokenOf(place, was), token)
      return keptOf(place, now, next.said, undefined, token)
    } catch (error) {
      if (!isSystemError(error)) throw error
      return (yield* advanceAfter(error, place, was.state, now)) ? keptOf(place, now, next.said) : 'moved'
    }
  } catch (error) {
    // What was to be changed is gone, with the directory that the new value was to be in.
    if (was && hasCode(error, 'ENOENT') && !(yield* fs.lstat(tokenOf(place, was), orNothing))) return 'moved'
    // As on eCryptfs, where names have at most 143 bytes.
    if (next.said.short === undefined || !hasCode(error, 'ENAMETOOLONG')) throw error
  }
  return yield* apply(home, place, was, to, nextOf(place, was, to, false), hasShard)
}

/** After a rename that was not seen to succeed. */
function* advanceAfter(error: unknown, { path, trial }: Place, from: State, to: State): Steps<boolean> {
  const isDone = hasCode(error, 'ENAMETOOLONG') && (yield* tryAdvance(path, from, to, trial))
  return isDone || (yield* advanceAgain(path, from, to, trial)) === 'mine'
}

const isRename = ({ durability }: Home, { state }: FileKept, { file, keepData = false }: Next): boolean =>
  durability !== 'full' && file === undefined && (keepData || state.payload === undefined)

/** Has the entry ended that is to be changed? Asked last of all, because nothing makes a clock and a rename one step. */
const isTooLate = (was: FileKept, { whileLive }: Draft): boolean => whileLive === true && hasEnded(was, epochMs())

function* apply(
  home: Home,
  place: Place,
  was: FileKept | undefined,
  to: Draft,
  next: Next,
  hasShard: boolean,
): Steps<FileKept | 'moved'> {
  const { path, trial } = place
  const { file: data, bytes } = next
  const { durability } = home
  const change: Change = { path, from: was?.state, next, data, durability, parents: undefined, trial, nonce: to.id }
  const made = yield* was
    ? commit(change, state =>
        isTooLate(was, to) ? just((): Verdict => "another's") : advance(path, was.state, state, trial),
      )
    : createInShard(home, place, change, hasShard)
  if (!made) return 'moved'
  return keptOf(place, made, next.said, bytes && bytes.length <= mostRemembered ? bytes : undefined)
}

/** How often the directory of the shard is made: another process may remove the whole store at any moment. */
const mostMade = 3

/** The directory of the shard is made when it is missed. */
function* createInShard(home: Home, place: Place, change: Change, hasShard: boolean): Steps<State | undefined> {
  const create = (one: Change) => commit(one, state => createState(place.path, state, place.trial))
  for (let made = 0; ; made++) {
    try {
      if (made > 0) return yield* create({ ...change, parents: { changed: new Set([home.root]) } })
      if (hasShard) return yield* create(change)
    } catch (error) {
      if (made === mostMade || !hasCode(error, 'ENOENT')) throw error
    }
    yield* makeShard(home, place)
  }
}

function* makeShard(home: Home, { shard }: Place): Steps<void> {
  const path = `${home.root}/${shard}`
  for (let tries = 1; ; tries++) {
    try {
      yield* fs.mkdir(path)
      return yield* fs.hot(path)
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return
      // The whole store was removed meanwhile.
      if (tries > mostMade || !hasCode(error, 'ENOENT')) throw error
      yield* makeStore(home, fileFormat, 'fileStore')
    }
  }
}

/** Takes exactly this state away. */
export function* takeAway({ root, durability }: Home, place: Place, was: FileKept): Steps<'removed' | 'moved'> {
  if (!(yield* commitClear(place.path, was.state, place.trial, durability))) return 'moved'
  if (durability === 'full') yield* cleaningUp(() => syncDir(`${root}/${place.shard}`))
  return 'removed'
}
