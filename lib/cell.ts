// A cell is a directory with one file in it, whose *name* is the state (./cell/state.ts). A rename consumes the state,
// so of several callers that saw one state, one makes the next. No name is used twice. Data that is too large for a
// name is in a payload, a file beside the cell.
//
// | killed after                   | left behind                           | what removes it                          |
// |--------------------------------|---------------------------------------|------------------------------------------|
// | create: mkdir, open of a stage | a private directory beside the cell   | `sweep` of the directory above           |
// | create: rename                 | nothing: the cell is there            | -                                        |
// | any: a payload, or part of one | a payload that no state names         | `sweep`, as soon as its writer is dead   |
// | swap: rename                   | the payload that was replaced         | `sweep`, as soon as its writer is dead   |
// | clear: rename (no local disk)  | a tombstone, and as above             | the next call that clears or swaps it    |
// | clear: unlink                  | an empty directory, and as below      | `create` replaces the directory          |
// | clear: rmdir                   | the payload of the last state         | `sweep`, as soon as its writer is dead   |

import { type Change, commit, commitClear } from './cell/commit.js'
import { createState } from './cell/create.js'
import type { Cell, CellOptions, NextState } from './cell/forms.js'
import { loadState, type Reading } from './cell/load.js'
import { checkCellName } from './cell/payload.js'
import { checkNext, type State } from './cell/state.js'
import { advance, readState } from './cell/transition.js'
import { dual } from './core/dual.js'
import { asBytes, asDurability, asName, type Patience, refusal } from './core/input.js'
import { checkNames } from './core/option-names.js'
import { type Publication, publishing } from './core/publication.js'
import type { Steps } from './core/steps.js'
import { achieve, noEvidence, type Trial } from './parts/achieve.js'
import { asParents, withParents } from './parts/parents.js'

export type { Cell, CellOptions, NextState } from './cell/forms.js'
export type { Reading } from './cell/load.js'

const nextNames = ['fields', 'gone', 'data', 'keepData'] as const satisfies readonly (keyof NextState)[]

const trialOf = (as: string, path: string, { retryFor }: Patience, publication?: Publication): Trial => ({
  as,
  path,
  retryFor,
  publication,
})

const readCell = dual(function* readCell(dir: string | URL, options: Patience = {}): Steps<State | undefined> {
  const path = asName(dir, 'dir')
  const now = yield* readState(path, trialOf('readCell', path, options))
  return typeof now === 'string' ? undefined : now
})

const loadCell = dual(function* loadCell(dir: string | URL, options: Patience = {}): Steps<Reading | undefined> {
  const path = asName(dir, 'dir')
  const trial = trialOf('loadCell', path, options)
  const { reading } = yield* achieve(() => loadState(path, trial), noEvidence, trial)
  return reading
})

const createCell = dual(
  publishing(function* createCell(
    publication,
    dir: string | URL,
    next?: NextState,
    options: CellOptions = {},
  ): Steps<State | undefined> {
    const change = asChange('createCell', publication, dir, undefined, next, options)
    return yield* withParents(change.path, change.parents, () =>
      commit(change, to => createState(change.path, to, change.trial)),
    )
  }),
)

const swapCell = dual(
  publishing(function* swapCell(
    publication,
    dir: string | URL,
    from: State,
    next?: NextState,
    options: CellOptions = {},
  ): Steps<State | undefined> {
    const change = asChange('swapCell', publication, dir, from, next, options)
    return yield* commit(change, to => advance(change.path, from, to, change.trial))
  }),
)

const clearCell = dual(
  publishing(function* clearCell(publication, dir: string | URL, from: State, options: Patience = {}): Steps<boolean> {
    const path = asName(dir, 'dir')
    return yield* commitClear(path, asState(from), trialOf('clearCell', path, options, publication))
  }),
)

function asChange(
  as: string,
  publication: Publication,
  dir: string | URL,
  from: State | undefined,
  next: NextState = {},
  options: CellOptions = {},
): Change {
  const path = asName(dir, 'dir')
  checkNames(next, new Set<string>(nextNames), 'next')
  checkNext(next)
  const data = next.data === undefined ? undefined : asBytes(next.data, 'next.data')
  if (data && next.keepData)
    throw refusal('ERR_INVALID_ARG_VALUE', 'next.keepData', 'left out if there is next.data', true)
  if (data) checkCellName(path)
  const durability = asDurability(options.durability)
  const parents = asParents(options.parents)
  const trial = trialOf(as, path, options, publication)
  return { path, from: from && asState(from), next, data, durability, parents, trial }
}

function asState(value: State): State {
  if (typeof value?.nonce === 'string' && Array.isArray(value.lineage)) return value
  throw refusal('ERR_INVALID_ARG_TYPE', 'from', 'a state that was read from a cell', value)
}

/**
 * Keeps a state that all processes agree on, and that one of them at a time can change: compare-and-swap on a
 * directory.
 *
 * Holds afterwards: `swap`, `clear` and `create` changed the cell only if it was still in the very state that was given
 * (for `create`: void), and of several callers with one state one succeeded. A process that is killed at any point
 * leaves the cell in the state before or the state after (the table above says what else). No state is mistaken for
 * another that looks the same.
 *
 * Not promised: without `durability: 'full'`, that a state outlives a power cut: the cell may be in an earlier state
 * then, never in a mixture of two.
 * Nor that data which is kept is more durable than it was written. A process that may read the directory may read the
 * fields.
 *
 * @param dir A path, or a `file:` URL. Its parent directory must exist, unless `create` makes `parents`.
 * @param from A state that `read`, `load`, `create` or `swap` returned.
 * @param next `fields`: strings of `[0-9a-z-]`, at most 72 characters in all, dots between them included; `data`: any
 *   bytes, in a file of its own; `keepData`: the state before has data, and this one has the same, which is not written
 *   again; `gone`: a tombstone, a state that says "deleted".
 * @returns As above. Losing a race is a return value, not an error.
 * @throws `ERR_UNKNOWN_OUTCOME`: the system reported an error (usually because a network filesystem lost the reply; on
 *   systems other than Linux, macOS and Windows any filesystem may be one), and the cell has moved on too far, or cannot
 *   be read, to show whether this call changed it: a third result, never a guess. `ERR_NOT_A_CELL`: a file is there, or a directory with other things in it. The system's own error,
 *   unchanged, if nothing was done: ENOENT (no parent), EACCES, ENOSPC ...
 *   `published` of each error of `create`, `swap` and `clear` says whether the cell was changed (see `Published`).
 *
 * @example
 * for (;;) {
 *   const was = await cell.read('visits')
 *   const next = { fields: [String(Number(was?.fields[0] ?? 0) + 1)] }
 *   if (was ? await cell.swap('visits', was, next) : await cell.create('visits', next)) break
 * }
 *
 * Source of the protocol: the state in the file's name, as in Pebble's `atomicfs.Marker`; rename of the exact name as
 * compare-and-swap.
 */
export const cell: Cell = { read: readCell, load: loadCell, create: createCell, swap: swapCell, clear: clearCell }
