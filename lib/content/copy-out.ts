// Makes a copy of a blob at a user's name: where that is asked for, or where there is nothing to link, because the blob has
// no byte.

import { systemError } from '../core/errors.js'
import { fs, type Steps } from '../core/steps.js'
import { publishStage } from '../link/copy-instead.js'
import { achieve } from '../parts/achieve.js'
import { tryCloneInto } from '../parts/clone.js'
import { copyBytes } from '../parts/holes.js'
import { statVanishedParent, withParents } from '../parts/parents.js'
import { statLink } from '../parts/same-content.js'
import { closing, closingWritten, staged } from '../parts/stage.js'
import { type Blobs, miss } from './blobs.js'
import type { Checkout } from './checkout-job.js'
import { isOfNothing } from './digest.js'
import { modeOf } from './putting.js'
import { type Opened, open } from './read.js'

export function* copyOut(blobs: Blobs, job: Checkout): Steps<'copied' | 'already'> {
  if (isOfNothing(job.digest)) return yield* copyOpened(job, undefined)
  const opened = yield* open(blobs, job.digest)
  if (!opened) throw miss
  return yield* closing(opened.fd, () => copyOpened(job, opened))
}

const copyOpened = (job: Checkout, opened: Opened | undefined): Steps<'copied' | 'already'> => {
  const { to, parents, trial } = job
  return achieve(
    () => withParents(to, parents, () => copyOnce(job, opened)),
    error => statVanishedParent(parents, error, opened?.found.path ?? '/'),
    trial,
  )
}

function* copyOnce(job: Checkout, opened: Opened | undefined): Steps<'copied' | 'already'> {
  const { to, mode, executable } = job
  const bits = mode === 'copy' ? (executable ? 0o777 : 0o666) : modeOf(executable)
  return yield* staged(
    to,
    path => write(path, bits, opened),
    function* (stage) {
      if ((yield* publishStage(stage, job)) === 'copied') return 'copied'
      if ((yield* statLink(stage.path, to, true)) === 'alike') return 'already'
      throw systemError('EEXIST', 'link', 'something else has the name', stage.path, to)
    },
  )
}

function* write(path: string, bits: number, opened: Opened | undefined): Steps<void> {
  const target = yield* fs.open(path, 'wx', bits)
  yield* closingWritten(target, false, function* () {
    if (!opened) return
    const { fd: source, found } = opened
    const was = yield* fs.fstat(source)
    if (process.platform === 'linux' && (yield* tryCloneInto(target, { source, from: found.path, to: path, was })))
      return
    yield* copyBytes(source, target, was)
  })
}
