// `copy`, with the options, the refusals and the words of a peer: fs-extra's `copy`, and Node's `cp`.

import { dirname, join } from 'node:path'
import type { RefuseLink } from '../../copy/job.js'
import { copyFor } from '../../copy.js'
import { hasCode, isSystemError, type SystemError } from '../../core/errors.js'
import { asPath } from '../../core/input.js'
import { publishing } from '../../core/publication.js'
import type { Stats } from '../../core/stats.js'
import { fs, type Steps } from '../../core/steps.js'
import { mkdirp } from '../../mkdirp.js'
import { type Both, type Leads, lookAtBoth, lookFor, nameBelow, refuseNestedLinks } from './look-at-both.js'
import { throughNode } from './through-node.js'
import type { Word } from './verdicts.js'

export interface Copying {
  readonly overwrite: boolean
  readonly errorOnExist: boolean
  readonly dereference: boolean
  readonly preserveTimestamps: boolean
  readonly filter: Filter | undefined
  readonly leads: Leads
  readonly word: Word
  /** Is the filter asked about the topmost thing before anything is looked at? */
  readonly asksFirst?: boolean
  /** Called with what is at the source and at the target, and may refuse it. */
  readonly check?: (was: Stats, there: Stats | undefined) => Steps<void>
}

/** Is called with paths that begin as the caller has spelt them. */
export type Filter = (source: string, target: string) => unknown

export const copyInWords = (both: Both, job: Copying): Steps<void> =>
  job.asksFirst && job.filter ? askAndCopy(both, job, job.filter) : copyAsked(both, job)

function* askAndCopy(both: Both, job: Copying, filter: Filter): Steps<void> {
  if (!(yield* fs.settle(filter(both.source, both.target)))) return
  let isTop = true
  const others: Filter = (source, target) => {
    if (!isTop) return filter(source, target)
    isTop = false
    return true
  }
  yield* copyAsked(both, { ...job, filter: others })
}

function* copyAsked(both: Both, job: Copying): Steps<void> {
  const { overwrite, errorOnExist, dereference, preserveTimestamps, filter, leads, word } = job
  const { source, target } = both
  const { was, there } = yield* lookAtBoth(both, dereference, word)
  if (job.check) yield* job.check(was, there)
  if (was.isSymbolicLink() && there) {
    const at = { from: asPath(source, 'src'), to: asPath(target, 'dest') }
    yield* refuseNestedLinks(both, at, leads, word)
  }
  if (was.isCharacterDevice() || was.isBlockDevice()) return yield* copyDevice(both, there !== undefined, job)
  const options = {
    ...{ overwrite, errorOnExist, dereference, preserveTimestamps },
    filter: filter && spellingFilter(filter, both),
    parents: true,
  }
  const refuseLink: RefuseLink = item => {
    const names = { source: String(item.shownFrom), target: String(item.shownTo) }
    return refuseNestedLinks(names, item, leads, word)
  }
  try {
    yield* copying(source, target, options, { seen: dereference ? undefined : { was, there }, refuseLink })
  } catch (error) {
    throw isSystemError(error) ? yield* reworded(error, both, job) : error
  }
}

const copying = publishing(copyFor)

function spellingFilter(filter: Filter, both: Both): (source: string, target: string) => boolean {
  const spell = spellerOf(both)
  return (source, target) => filter(spell.source(source), spell.target(target)) as boolean
}

/** Absolute paths begin again as the caller has spelt them. */
const spellerOf = ({ source, target }: Both) => ({ source: respell(source), target: respell(target) })

function respell(given: string): (path: string) => string {
  const top = asPath(given, 'path')
  return path => {
    if (path === top) return given
    return path.startsWith(top) ? join(given, path.slice(top.length)) : path
  }
}

/** The system's way: a device yields what it yields, and the copy grows before all eyes. */
function* copyDevice({ source, target }: Both, isThere: boolean, job: Copying): Steps<void> {
  if (job.filter && !(yield* fs.settle(job.filter(source, target)))) return
  if (isThere && !job.overwrite) {
    if (job.errorOnExist) throw job.word('exists', source, target)
    return
  }
  yield* mkdirp.steps(dirname(target))
  yield* throughNode('copyFile', source, target)
}

/** The peer's error, if it has one of its own for what is there. */
function* reworded(error: SystemError, both: Both, { word, errorOnExist, dereference }: Copying): Steps<Error> {
  // That of a link in the place of something else has words of its own.
  if (!hasCode(error, 'EINVAL', 'EEXIST', 'EISDIR') || error.path === undefined || error.syscall === 'symlink')
    return error
  const was = yield* lookFor(error.path, dereference)
  const there = yield* lookFor((error as { dest?: string }).dest, dereference)
  const spell = spellerOf(both)
  const [source, target] = [spell.source(error.path), spell.target((error as { dest?: string }).dest ?? '')]
  if (hasCode(error, 'EINVAL')) {
    if (was?.isSocket()) return word('socket', source, target, { cause: error })
    if (was?.isFIFO()) return word('pipe', source, target, { cause: error })
    if (!was?.isDirectory()) return error
    return word('into itself', source, (yield* nameBelow(was, { source, target })) ?? target, { cause: error })
  }
  if (was && there && was.isDirectory() !== there.isDirectory())
    return word(was.isDirectory() ? 'directory over other' : 'other over directory', source, target, { cause: error })
  return errorOnExist && hasCode(error, 'EEXIST') ? word('exists', source, target, { cause: error }) : error
}
