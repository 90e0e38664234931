// Which arguments of each function are paths, and what of its result.

import { isAbsolute } from 'node:path'
import { copy } from '../copy.js'
import type { Dual } from '../core/dual.js'
import { refusal } from '../core/input.js'
import { isThenable } from '../core/wait.js'
import { createExclusive } from '../create-exclusive.js'
import { emplace } from '../emplace.js'
import { emptyDir } from '../empty-dir.js'
import { getOrCreate } from '../get-or-create.js'
import { type Existing, link } from '../link.js'
import { turnOf } from '../lock/options.js'
import type { PlaceOptions } from '../lock/place.js'
import { mkdirp } from '../mkdirp.js'
import { move } from '../move.js'
import { type ProbeOptions, probe } from '../probe.js'
import { remove } from '../remove.js'
import { sweep } from '../sweep.js'
import { symlink } from '../symlink.js'
import { type Files, sayWhoInQueue } from '../update-file/update.js'
import { type UpdateFileOptions, updateFile } from '../update-file.js'
import { writeFile } from '../write-file.js'
import { asEntries, writeFiles } from '../write-files.js'
import type { Bound } from './bind.js'
import { asBound, placesBelow } from './options.js'
import { asParts, namesBelow, namesIn, relativeTo } from './paths.js'
import { list, lstat, type ReadFile, readFile } from './read.js'
import { outsideRoot } from './refusals.js'

type One = readonly [path: unknown, options?: unknown]
type WithThing = readonly [path: unknown, thing: unknown, options?: unknown]
type Two = readonly [source: unknown, target: unknown, options?: unknown]
// biome-ignore lint/suspicious/noExplicitAny: each function has a type of its own, and the table below fits all
type Any = Dual<any[], any>

const options = (bound: Bound, given: unknown) => asBound(given, bound)
const onOne =
  (argument: string) =>
  (bound: Bound, ...[path, given]: One) => [bound.path(path, argument), options(bound, given)]
const onFile =
  (argument: string) =>
  (bound: Bound, ...[path, thing, given]: WithThing) => [
    bound.path(path, argument, 'file'),
    thing,
    options(bound, given),
  ]
const onTwo = (bound: Bound, ...[source, target, given]: Two) => [
  bound.path(source, 'source'),
  bound.path(target, 'target'),
  options(bound, given),
]
const inTurn = (bound: Bound, path: unknown) => [bound.path(path, 'path')]
const inTurnForLock = (bound: Bound, path: unknown, given: PlaceOptions = {}) =>
  turnOf(bound.path(path, 'path'), placesBelow(given, bound))

/** The functions that work on paths, below the root. */
export function pathFunctions(bound: Bound) {
  const { root } = bound
  const bind = <F>(original: F, binding: Parameters<typeof bound.bind>[1]): F =>
    bound.bind(original as unknown as Any, binding) as F
  return {
    mkdirp: bind(mkdirp, {
      ...{ name: 'mkdirp', optionsAt: 1, arguments: onOne('dir'), turns: inTurn },
      result: made => (made === undefined ? undefined : relativeTo(root.path, made as string)),
    }),
    writeFile: bind(writeFile, {
      ...{ name: 'writeFile', optionsAt: 2, arguments: onFile('file'), turns: inTurn, publishes: true },
    }),
    writeFiles: bind(writeFiles, {
      ...{ name: 'writeFiles', optionsAt: 1, arguments: onFiles, publishes: true, counted: 'made' },
      turns: (_, files) => entriesOf(bound, files).map(([path]) => path),
    }),
    createExclusive: bind(createExclusive, {
      ...{ name: 'createExclusive', optionsAt: 2, arguments: onFile('file'), publishes: true },
    }),
    updateFile: bind(updateFile, {
      ...{ name: 'updateFile', optionsAt: 2, arguments: updating, publishes: true },
      turns: (_, files, given) => [files].flat().flatMap(file => inTurnForLock(bound, file, given as PlaceOptions)),
      whileQueued: (turn, files, _change, given) => sayWhoInQueue(turn, files as Files, given as UpdateFileOptions),
    }),
    getOrCreate: bind(getOrCreate, {
      ...{ name: 'getOrCreate', optionsAt: 2, arguments: producing, publishes: true },
      result: got => ({ ...(got as { path: string }), path: relativeTo(root.path, (got as { path: string }).path) }),
    }),
    emplace: bind(emplace, { name: 'emplace', optionsAt: 2, arguments: onTwo, publishes: true }),
    copy: bind(copy, { name: 'copy', optionsAt: 2, arguments: onTwo, publishes: true, counted: 'made' }),
    move: bind(move, { name: 'move', optionsAt: 2, arguments: onTwo, publishes: true, counted: 'made' }),
    link: bind(link, { name: 'link', optionsAt: 2, arguments: linking, publishes: true }),
    symlink: bind(symlink, { name: 'symlink', optionsAt: 2, arguments: leading, publishes: true }),
    remove: bind(remove, { name: 'remove', optionsAt: 1, arguments: onOne('path'), counted: 'removed' }),
    emptyDir: bind(emptyDir, { name: 'emptyDir', optionsAt: 1, arguments: onOne('dir'), counted: 'removed' }),
    sweep: bind(sweep, { name: 'sweep', optionsAt: 1, arguments: onOne('dir'), counted: 'removed' }),
    probe: bind(probe, { name: 'probe', optionsAt: 1, arguments: probing }),
    readFile: bind(readFile as unknown as ReadFile, { name: 'readFile', optionsAt: 1, arguments: onOne('path') }),
    list: bind(list, { name: 'list', optionsAt: 1, arguments: onOne('dir') }),
    lstat: bind(lstat, { name: 'lstat', optionsAt: 1, arguments: onOne('path') }),
  }
}

const onFiles = (bound: Bound, ...[files, given]: One) => [entriesOf(bound, files), options(bound, given)]
const entriesOf = (bound: Bound, files: unknown): [path: string, data: unknown][] =>
  asEntries(files).map(([path, data]) => [bound.path(path, 'file', 'file'), data])

/** One file, or several. */
const updating = (bound: Bound, ...[files, change, given]: WithThing) =>
  Array.isArray(files)
    ? [files.map(file => bound.path(file, 'files', 'file')), change, options(bound, given)]
    : onFile('file')(bound, files, change, given)

/** The second path to the directory must not lead out either. */
function probing(bound: Bound, ...[dir, given]: One): unknown[] {
  const through = (given as ProbeOptions | undefined)?.through
  return [
    bound.path(dir, 'dir'),
    through === undefined ? given : { ...(given as ProbeOptions), through: bound.path(through, 'options.through') },
  ]
}

/** The private name that a producer gets is below the root, too. */
function producing(bound: Bound, ...[path, produce, given]: WithThing): unknown[] {
  const wrapped = (stage: string, production: unknown) =>
    (produce as (...args: unknown[]) => unknown)(relativeTo(bound.root.path, stage), production)
  return [bound.path(path, 'path', 'file'), typeof produce === 'function' ? wrapped : produce, options(bound, given)]
}

function linking(bound: Bound, ...[existing, path, given]: Two): unknown[] {
  const from = (one: unknown) => bound.path(one, 'existing', 'file')
  const find = () => {
    const found = (existing as Exclude<Existing, string | URL>)()
    return isThenable(found) ? Promise.resolve(found).then(from) : from(found)
  }
  const to = bound.path(path, 'path', 'file')
  return [typeof existing === 'function' ? find : from(existing), to, options(bound, given)]
}

/** A link that would lead out is not made, because other programs would follow it. Only its letters are judged. */
function leading(bound: Bound, ...[target, path, given]: Two): unknown[] {
  const to = bound.path(path, 'path', 'file')
  if (typeof target === 'string' || Buffer.isBuffer(target)) {
    const text = target.toString()
    const above = asParts(path, 'path').slice(0, -1)
    const names = isAbsolute(text) ? namesBelow(bound.root.path, text) : [...above, ...namesIn(text)]
    if (!names || climbsOut(names)) throw outsideRoot(path as string, `it would be a link to '${text}'`)
  } else throw refusal('ERR_INVALID_ARG_TYPE', 'target', 'of type string or an instance of Buffer', target)
  return [target, to, options(bound, given)]
}

function climbsOut(names: readonly string[]): boolean {
  let depth = 0
  for (const name of names) {
    depth += name === '..' ? -1 : 1
    if (depth < 0) return true
  }
  return false
}
