// Every call of an algorithm is made so that it stays below the root, whatever other processes put on its way: each name
// that it says is looked up in an open directory, and no link at its end is followed by the system. So nothing depends
// on how careful the algorithm is.

import { basename } from 'node:path'
import { hasCode, systemError } from '../core/errors.js'
import { isInterruption } from '../core/interruption.js'
import { type Call, fs, type Op, type OpenFlags, type Outcome, type Path, type Steps } from '../core/steps.js'
import type { Located } from './located.js'
import { onTheWayOf } from './names.js'
import { isTakenForDots, namesBelow } from './paths.js'
import { outsideRoot, takenForDots } from './refusals.js'
import { refuseMounted } from './root.js'
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

/** A call as it is made, and where its names are. */
export interface Ready {
  readonly call: Call
  readonly located: readonly Located[]
  /** It counts towards the limit of things. */
  readonly counts: boolean
}

/** Makes a call that follows no link. */
export function* makeUnfollowed(call: Call, session: Session): Steps<unknown> {
  for (;;) {
    const ready = yield* prepareOrMiss(call, session)
    if (!ready) return undefined
    const outcome = yield* outcomeOf(ready.call)
    if ('error' in outcome && isInterruption(outcome.error)) {
      if (ready.counts) session.budget.release()
      throw outcome.error
    }
    // What was made is made, and the algorithm must know it.
    const settled = yield* session.unstopped(() => settle(call, ready, outcome, session))
    if (settled) return settled.value
  }
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
const mayMiss = ({ op, args }: Call): boolean => op === 'lstat' && args[1] !== undefined

function* outcomeOf(call: Call): Steps<Outcome<unknown>> {
  try {
    return { value: yield call }
  } catch (error) {
    return { error }
  }
}

function* prepare(call: Call, session: Session): Steps<Ready> {
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
  yield* session.assertUnmoved(located)
  yield* refuseTooMuch(call, located.at(-1), session)
  const counts = located.length > 0 && session.budget.reserve(call, nameIn(call))
  return { call: { op, args: made }, located, counts }
}

/** The name that a call makes or removes, as its algorithm spells it. */
const nameIn = ({ op, args }: Call): Path => args[names[op]?.at(-1) ?? 0] as Path

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

/** What a call has come to. Undefined if it must be made again. */
export function* settle(
  call: Call,
  { located, counts }: Ready,
  outcome: Outcome<unknown>,
  session: Session,
): Steps<{ readonly value: unknown } | undefined> {
  const { op, args } = call
  if ('error' in outcome) {
    const isStale = hasCode(outcome.error, 'ENOENT') && (yield* session.forgetRemoved(located))
    if (counts) session.budget.release()
    if (isStale) return undefined
    throw session.name(outcome.error, located)
  }
  const { value } = outcome
  if (!value && op === 'lstat' && (yield* session.forgetRemoved(located))) return undefined
  const target = located.at(-1)
  if (op === 'open' && target) yield* noteOpen(args[1] as OpenFlags, value as number, located, session)
  else yield* session.assertUnmoved(located)
  if (op === 'rename' && target) yield* session.renamed(args as [Path, Path], target)
  if (op === 'readlink' && target) session.lastLink = String(target.shown)
  if (op === 'close') session.closed(args[0] as number)
  if (target) session.budget.note(call, nameIn(call), value, counts)
  return { value }
}

/** What comes from elsewhere, or may, is closed again. */
function* noteOpen(flags: OpenFlags, fd: number, located: readonly Located[], session: Session): Steps<void> {
  const { shown, place } = located.at(-1) as Located
  session.own.set(fd, place)
  try {
    // What was there before may be mounted.
    if (!flags.includes('x')) yield* refuseMounted(session.root, { fd, was: undefined }, shown)
    yield* session.assertUnmoved(located)
  } catch (error) {
    if (isInterruption(error)) throw error
    session.closed(fd)
    yield* fs.close(fd)
    throw error
  }
}
