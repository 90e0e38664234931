// The calls that would follow a link at the end of a name, or that take more than one call to the system: each is made
// of calls that follow none. A link is followed here, by its text, within the root.

import { hasCode, isSystemError, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { type Call, fs, type Op, type OpenFlags, orNothing, type Path, type Steps } from '../core/steps.js'
import { namingDirectory } from '../parts/public-names.js'
import { closing } from '../parts/stage.js'
import { makeUnfollowed } from './calls.js'
import type { Located } from './located.js'
import { onTheWayOf } from './names.js'
import { asReal } from './paths.js'
import { readOpened, readPiece } from './read-opened.js'
import { isAboutNothing, isAboutSystem } from './ready.js'
import type { Session } from './session.js'
import { makeTogether } from './together.js'
import { mostLinks } from './walk.js'

/** Makes any call of an algorithm. */
export function* makeCall(call: Call, session: Session): Steps<unknown> {
  const { op, args } = call
  // Its calls would not be checked.
  if (op === 'inOneGo') return undefined
  if (op === 'together') return yield* makeTogether(args[0] as Call[], session, isOne, one => makeCall(one, session))
  if (isAboutSystem(call) || (isAboutNothing(call) && !special[op])) return yield call
  return yield* isOne(call) ? makeUnfollowed(call, session) : (special[op] as Make)(session, ...args)
}

// biome-ignore lint/suspicious/noExplicitAny: each takes the arguments of its call
type Make = (session: Session, ...args: any[]) => Steps<unknown>

const special: { readonly [O in Op]?: Make } = {
  open: openFollowed,
  stat: statFollowed,
  exists: (session, path: string) => orFalse(statFollowed(session, path)),
  readFile: readFollowed,
  read: readPiece,
  readdir: (session, path: string) => inDirectory(session, path, at => fs.readdir(at)),
  list: (session, path: Path) => inDirectory(session, path, at => fs.list(at)),
  chmod: (session, path: Path, mode: number) => onOpened(session, path, at => fs.chmod(at, mode)),
  chown: (session, path: Path, uid: number, gid: number) => onOpened(session, path, at => fs.chown(at, uid, gid)),
  utimes: (session, path: Path, atime: number, mtime: number) =>
    onOpened(session, path, at => fs.utimes(at, atime, mtime)),
  realpath: realpathWithin,
  local: (session, path: string) => orFalse(inDirectory(session, path, at => fs.local(at))),
  clocked: (session, path: string, keeper?: 'kernel') =>
    orFalse(inDirectory(session, path, at => fs.clocked(at, keeper))),
  holding: (session, lock: string, hold: string, change?: 'enter' | 'leave') => session.holding(lock, hold, change),
}

/** How a file is opened without following a link, where it would be followed. */
const unfollowed: { readonly [F in OpenFlags]?: OpenFlags } = {
  w: 'w nofollow',
  'w+': 'w+ nofollow',
  r: 'r nofollow',
  'r nonblock': 'r nofollow',
  'r+': 'r nofollow',
  rewrite: 'rewrite nofollow',
}

const isOne = ({ op, args }: Call): boolean =>
  op === 'open' ? !((args[1] as OpenFlags) in unfollowed) : special[op] === undefined

/** Makes a call at a name, and where that is a link, at the name that the link leads to. */
function* following<T>(session: Session, op: Op, path: Path, make: (path: Path, there: Located) => Steps<T>): Steps<T> {
  let at = path
  for (let links = 0; links <= mostLinks; links++) {
    const located = yield* onTheWayOf(op, [path], session.locate(at))
    const isByPath = session.root.dir.fd === undefined && !located.isOpen
    if (!isByPath || !(yield* isLink(session, at))) {
      try {
        return yield* make(at, located)
      } catch (error) {
        if (!hasCode(error, 'ENOTDIR', 'ELOOP', 'EMLINK') || located.isOpen || !(yield* isOther(session, at, error)))
          throw error
      }
    }
    at = yield* session.follow(at, yield* session.locate(at))
  }
  throw systemError('ELOOP', 'open', `more than ${mostLinks} links`, path)
}

const lstat = (session: Session, path: Path): Steps<Stats | undefined> =>
  makeUnfollowed({ op: 'lstat', args: [path, orNothing] }, session) as Steps<Stats | undefined>

function* isLink(session: Session, path: Path): Steps<boolean> {
  return (yield* lstat(session, path))?.isSymbolicLink() ?? false
}

/** After an error that a link may have caused: is a link there, or something else than what caused it? */
function* isOther(session: Session, path: Path, error: unknown): Steps<boolean> {
  const there = yield* lstat(session, path)
  return !there || there.isSymbolicLink() || (hasCode(error, 'ENOTDIR') ? there.isDirectory() : true)
}

function* openFollowed(session: Session, path: Path, flags: OpenFlags, mode?: number): Steps<number> {
  const safe = session.root.dir.fd === undefined ? flags : (unfollowed[flags] as OpenFlags)
  return yield* following(
    session,
    'open',
    path,
    // What is open already is no link, but the system spells it as one.
    (at, { isOpen }) =>
      makeUnfollowed({ op: 'open', args: [at, isOpen ? flags : safe, mode] }, session) as Steps<number>,
  )
}

function* statFollowed(session: Session, path: Path, options?: typeof orNothing): Steps<Stats | undefined> {
  try {
    return yield* following(session, 'stat', path, function* (at, { isOpen, path: opened }) {
      if (isOpen) return yield* fs.stat(opened)
      const there = yield* makeUnfollowed({ op: 'lstat', args: [at, options] }, session)
      if ((there as Stats | undefined)?.isSymbolicLink()) throw systemError('ELOOP', 'stat', 'it is a link', at)
      return there as Stats | undefined
    })
  } catch (error) {
    if (options && hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** The file is opened first, and read by that: its name may be another's when it is read. */
function* readFollowed(session: Session, path: string, flags: OpenFlags = 'r'): Steps<Buffer> {
  const open = { op: 'open', args: [path, flags] } as const
  const fd = (yield* flags in unfollowed ? openFollowed(session, path, flags) : makeUnfollowed(open, session)) as number
  session.closed(fd)
  return yield* closing(fd, () => readOpened(fd, path, session.budget))
}

/** Opens a directory, or the one that a link leads to, and makes a call about it: so it is entered where nothing is opened. */
function* inDirectory<T>(session: Session, path: Path, call: (at: string) => Steps<T>): Steps<T> {
  return yield* following(session, 'list', path, function* (at, { isOpen, path: opened, shown, place }) {
    session.budget.enter(place.depth, shown)
    if (isOpen || session.root.dir.fd === undefined) return yield* call(opened as string)
    const fd = (yield* makeUnfollowed({ op: 'open', args: [at, 'r directory'] }, session)) as number
    session.closed(fd)
    return yield* closing(fd, () => naming(call(`/proc/self/fd/${fd}`), `/proc/self/fd/${fd}`, shown))
  })
}

/** Opens a directory or a file, and makes a call about it. No link is followed. */
function* onOpened(session: Session, path: Path, call: (at: Path) => Steps<void>): Steps<void> {
  const { isOpen, path: opened, shown } = yield* session.locate(path)
  if (isOpen || session.root.dir.fd === undefined) return yield* call(opened)
  const there = yield* lstat(session, path)
  const flags = there?.isDirectory() ? 'r directory' : 'r nofollow'
  const fd = (yield* makeUnfollowed({ op: 'open', args: [path, flags] }, session)) as number
  session.closed(fd)
  yield* closing(fd, () => naming(call(`/proc/self/fd/${fd}`), `/proc/self/fd/${fd}`, shown))
}

function* naming<T>(steps: Steps<T>, at: Path, shown: Path): Steps<T> {
  try {
    return yield* steps
  } catch (error) {
    throw isSystemError(error) ? namingDirectory(error, at, shown) : error
  }
}

function* realpathWithin(session: Session, path: string): Steps<string> {
  return yield* following(session, 'realpath', path, function* (at, { above, isOpen, shown }): Steps<string> {
    if (!above || isOpen) return above ? asReal(shown) : yield* fs.realpath(path)
    const there = yield* makeUnfollowed({ op: 'lstat', args: [at] }, session)
    if ((there as Stats).isSymbolicLink()) throw systemError('ELOOP', 'realpath', 'it is a link', at)
    return asReal(shown)
  })
}

/** Of what cannot be reached nothing is known. */
function* orFalse(steps: Steps<unknown>): Steps<boolean> {
  try {
    return Boolean(yield* steps)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return false
  }
}
