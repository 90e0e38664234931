// What is looked up before a call is made: where each name that it says is, in directories that are open.

import { basename } from 'node:path'
import { hasCode, systemError } from '../core/errors.js'
import { type Call, fs, type Op, type Path, type Steps } from '../core/steps.js'
import { isAway } from '../parts/directory-handle.js'
import type { Located } from './located.js'
import { onTheWayOf } from './names.js'
import { isTakenForDots, namesBelow } from './paths.js'
import { outsideRoot, takenForDots } from './refusals.js'
import type { Session } from './session.js'

/** Which arguments of a call are names. In these calls, the system follows no link at the end. */
const names: { readonly [O in Op]?: readonly number[] } = {
  open: [0],
  lstat: [0],
  readlink: [0],
  mkdir: [0],
  rmdir: [0],
  rename: [0, 1],
  link: [0, 1],
  symlink: [1],
  unlink: [0],
  // Its source is open, and is not found by its name.
  clone: [2],
}

/** The calls that name nothing, and still count. */
const counted: ReadonlySet<Op> = new Set(['write', 'ftruncate', 'close'])

/** May the call be made as it is? It concerns no name, or it only watches a directory, and returns nothing of that. */
export const isAboutNothing = ({ op }: Call): boolean => names[op] === undefined && !counted.has(op)

/** Files of /proc that say something of the system, and not of what is in the root. */
export const isAboutSystem = ({ op, args: [path] }: Call): boolean =>
  (op === 'lstat' && path === '/proc/self') || (op === 'readFile' && path === '/proc/self/mountinfo')

/** A call as it is made, and where its names are. */
export interface Ready {
  readonly call: Call
  readonly located: readonly Located[]
  /** It counts towards the limit of things. */
  readonly counts: boolean
}

/** Undefined if a directory on the way is missing, and the call is to return undefined then. */
export function* prepareOrMiss(call: Call, session: Session): Steps<Ready | undefined> {
  try {
    return yield* prepare(call, session)
  } catch (error) {
    if (mayMiss(call) && hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** Does the call return undefined where nothing has the name? */
export const mayMiss = ({ op, args }: Call): boolean => op === 'lstat' && args[1] !== undefined

/** What was reached for an earlier call may be elsewhere now: then its path is followed anew. */
function* prepare(call: Call, session: Session): Steps<Ready> {
  const { located, made } = yield* locateNames(call, session)
  try {
    yield* session.assertUnmoved(located)
  } catch (error) {
    if (isAway(error) && (yield* session.forgetRemoved(located))) return yield* prepare(call, session)
    throw error
  }
  yield* refuseTooMuch(call, located.at(-1), session)
  const counts = located.length > 0 && session.budget.reserve(call, nameIn(call))
  return { call: { op: call.op, args: made }, located, counts }
}

function* locateNames(call: Call, session: Session): Steps<{ made: unknown[]; located: Located[] }> {
  const { op, args } = call
  const made = [...args]
  const located: Located[] = []
  const paths = (names[op] ?? []).map(at => args[at] as Path | number)
  for (const [number, path] of paths.entries()) {
    if (typeof path === 'number') continue
    // A climb to what is there may go too far.
    if (op === 'mkdir' && namesBelow(String(path), session.root.path)?.length)
      throw systemError('EEXIST', 'mkdir', 'the root is in it', path)
    if (isAbove(path) && !mayGoUp(call)) throw outsideRoot(path, 'it has .. in it')
    const one = yield* onTheWayOf(op, paths as readonly Path[], session.locate(path))
    // What a directory of the algorithm's own has in it, it has listed.
    if ((one.above || makes.has(op)) && isTakenForDots(basename(String(path)))) throw takenForDots(one.shown)
    located.push(one)
    made[names[op]?.[number] as number] = one.path
  }
  return { made, located }
}

/** The name that a call makes or removes, as its algorithm spells it. */
export const nameIn = ({ op, args }: Call): Path => args[names[op]?.at(-1) ?? 0] as Path

/** The directory above one that an algorithm has opened itself: it opens that again, and compares what it is. */
const isAbove = (path: Path): boolean => /^\/proc\/self\/fd\/\d+\/\.\.$/.test(path.toString())
const mayGoUp = ({ op, args }: Call): boolean => op === 'open' && args[1] === 'r directory'

const makes: ReadonlySet<Op> = new Set(['mkdir', 'rename', 'link', 'symlink', 'clone'])
/** The calls that make a name, or enter a directory. */
const deepening: ReadonlySet<Op> = new Set(['open', ...makes])

function* refuseTooMuch(call: Call, target: Located | undefined, { budget, root }: Session): Steps<void> {
  const { op, args } = call
  const shown = target?.shown ?? root.path
  const fd = args[0] as number
  if (target && deepening.has(op)) budget.enter(target.place.depth, target.shown)
  if (op === 'write') budget.write(fd, (args[1] as Uint8Array).length, args[2] as number | undefined, shown)
  else if (op === 'ftruncate') budget.write(fd, 0, args[1] as number, shown)
  else if (op === 'clone' && budget.countsBytes) {
    const size = Number((yield* fs.fstat(fd)).size)
    if (typeof args[2] === 'number') budget.write(args[2], size, 0, shown)
    else budget.spend(size, shown)
  }
}
