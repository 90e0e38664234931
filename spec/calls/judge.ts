// What is right, whatever went wrong: the result or the original error; old or new, never torn, never absent; nothing
// left but what `sweep` takes; and the next caller has its way.
//
// A filesystem that says that something is done, and has not done it, is promised nothing: there only what never may
// happen is wrong (a call without an end, an error that escapes, a descriptor that stays). How often such a lie about a
// `link` or a `rename` was noticed is counted, because a look that is taken anyway may show it.

import { lstatSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { sweep } from 'holdfast'
import type { Act } from './act.js'
import type { Point } from './point.js'
import { self } from './self.js'
import { isMixed, isSame, type Seen, see, spellTree, type Tree } from './tree.js'
import type { Failure, Reply } from './victim.js'

/** What is there: as before, as it is to be, or something between that is allowed. Otherwise, what is wrong with it. */
export type State = 'old' | 'new' | 'between' | { readonly wrong: string }

export function stateOf(act: Act, before: Tree, tree: Tree): State {
  if (isSame(tree, act.becomes)) return 'new'
  if (isSame(tree, before)) return 'old'
  const between =
    act.meanwhile?.some(other => isSame(tree, other)) || (act.piecewise && isMixed(tree, [before, act.becomes]))
  return between ? 'between' : { wrong: blame(act, before, tree) }
}

function blame({ becomes }: Act, before: Tree, tree: Tree): string {
  for (const name of Object.keys({ ...tree, ...before, ...becomes })) {
    const [is, was, will] = [tree[name], before[name], becomes[name]]
    if (is === was || is === will) continue
    if (is === undefined) return `absent: ${name}`
    return `${was === undefined && will === undefined ? 'left behind' : 'torn'}: ${spellTree({ [name]: is })}`
  }
  return `neither old nor new: ${spellTree(tree)}`
}

const isError = ({ code, errno }: Failure, name: string): boolean =>
  code === name || (errno !== undefined && -errno === (constants.errno as Record<string, number>)[name])

const looks = new Set(['stat', 'fstat', 'readdir', 'readlink', 'realpath', 'statfs'])

/** Is it the error that was injected, or one that the function documents? */
function isKnown({ act, op, fault }: Point, threw: Failure): boolean {
  if (fault.errno !== undefined && isError(threw, fault.errno)) return true
  if (threw.code !== undefined && act.documented?.includes(threw.code)) return true
  // A look that fails, as all do if everything fails, never masks the error of the attempt before it: the original one.
  if ((looks.has(op) || fault.scope === 'everything') && threw.errno !== undefined) return true
  // What waiting may cure, and what lasts, ends with the time-out.
  return fault.scope !== 'once' && (fault.errno === 'EMFILE' || fault.errno === 'EBUSY') && threw.code === 'ERR_TIMEOUT'
}

/** Returns what is wrong with a reply, if anything is. */
export function judgeReply(
  point: Point,
  before: Tree,
  { tree, kept }: Seen,
  fired: boolean,
  reply: Reply,
): string | undefined {
  const { act, fault } = point
  const { outcome, uncaught, open } = reply
  if (uncaught.length > 0) return `uncaught: ${uncaught.join('; ')}`
  if (!outcome) return 'it never settled'
  if (open.length > 0 && !(act.keepsOpen && mayStay(point))) return `descriptors stay open: ${open.join(', ')}`
  if (fired && fault.action === 'lie') return undefined
  const state = stateOf(act, before, tree)
  if (typeof state === 'object') return `${state.wrong} (it ${spellOutcome(outcome)})`
  const unnamed = kept.find(path => !('threw' in outcome) || !outcome.threw.text.includes(`'${path}'`))
  if (unnamed !== undefined) return `it does not say that it left ${unnamed} (it ${spellOutcome(outcome)})`
  if ('threw' in outcome) {
    if (fired && fault.action !== 'short' && fault.action !== 'stop' && isKnown(point, outcome.threw)) return undefined
    return `it threw another error: ${outcome.threw.text}`
  }
  if (state !== 'new') return `it returned, and what is there is ${state}: ${spellTree(tree)}`
  if (act.returns && !act.returns.includes(outcome.returned)) return `it returned ${String(outcome.returned)}`
  return undefined
}

const spellOutcome = (outcome: NonNullable<Reply['outcome']>): string =>
  'threw' in outcome ? `threw ${outcome.threw.text}` : `returned ${String(outcome.returned)}`

/** After a lie: has the call noticed it, so that what it returned is true? */
export const isNoticed = (act: Act, tree: Tree, { outcome }: Reply): boolean =>
  outcome !== undefined && ('threw' in outcome || isSame(tree, act.becomes))

/**
 * Some of these remove things, and the others are needed for it (a directory that was opened is looked at before anything in it
 * is deleted), or give a thing that was set aside its name back.
 */
const givingBack = new Set(['unlink', 'rmdir', 'readdir', 'fstat', 'rename', 'link'])

const syncing = new Set(['open', 'fsync'])

/** May private names be left by a process that lives? Only if what gives things back fails for ever. */
export function mayStay({ act, op, fault }: Point): boolean {
  if (act.plantsDebris || fault.action === 'lie' || fault.scope === 'everything') return true
  return fault.scope === 'kind' && (givingBack.has(op) || (act.syncsFirst === true && syncing.has(op)))
}

/** A directory that can never be opened again cannot be emptied. */
const isLocked = ({ op, fault }: Point, path: string): boolean =>
  fault.scope === 'kind' && op === 'open' && lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Returns what is wrong with the private names that a living process has left, if anything is. */
export async function judgePrivates(point: Point, dir: string): Promise<string | undefined> {
  if (mayStay(point)) return undefined
  const left = () => see(dir).privates.filter(path => !isLocked(point, path))
  // What a call gives back may go on for a moment after it has ended.
  for (let tries = 0; tries < 100 && left().length > 0; tries++) await wait(10)
  const privates = left()
  return privates.length > 0
    ? `private names stay: ${privates.map(path => path.slice(dir.length + 1)).join(', ')}`
    : undefined
}

/** Makes the same call in this process. Returns what is wrong with what comes of it, if anything is. */
export async function judgeNext(act: Act, dir: string, before: Tree): Promise<string | undefined> {
  const was = see(dir).tree
  const wasNew = isSame(was, act.becomes)
  try {
    await act.call(dir, 'sync')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!(wasNew && code === act.again)) return `the next caller fails: ${error}`
  }
  const state = stateOf({ ...act, becomes: act.adds?.(was) ?? act.becomes }, before, see(dir).tree)
  if (state === 'new' || act.taken?.some(tree => isSame(see(dir).tree, tree))) return undefined
  return `the next caller leaves ${typeof state === 'object' ? state.wrong : state}`
}

/** After the process has died: sweeps. Returns what is wrong with what is left, if anything is. */
export function judgeSwept(dir: string): string | undefined {
  try {
    for (const one of see(dir).dirs) sweep.sync(one)
  } catch (error) {
    return `sweep fails: ${error}`
  }
  // What this process has made itself, the data of a cell, is not to be swept while it lives.
  const privates = see(dir).privates.filter(path => !path.includes(self()))
  return privates.length > 0 ? `sweep leaves ${privates.map(path => path.slice(dir.length + 1)).join(', ')}` : undefined
}

/** Returns what is wrong with what a process has left that died, if anything is. */
export async function judgeDead(
  { act, fault }: Point,
  dir: string,
  before: Tree,
  isKilled: boolean,
): Promise<string | undefined> {
  if (!isKilled || !fault.action.startsWith('kill')) return 'the process died'
  const state = stateOf(act, before, see(dir).tree)
  return typeof state === 'object' ? state.wrong : judgeNext(act, dir, before)
}
