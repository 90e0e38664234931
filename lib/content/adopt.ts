// Takes a file: it gets a second name, where its lease is to be, and a third one as a generation, and then its own goes. A
// process that is killed in between leaves the file where it was.

import { cannotLink, systemError } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { cleaningUp } from '../parts/cleanup.js'
import { duplicate } from '../parts/duplicate.js'
import { syncDir, syncFile, syncLoss } from '../parts/durable.js'
import { withParents } from '../parts/parents.js'
import { setMode } from '../parts/permissions.js'
import { closing, staged } from '../parts/stage.js'
import { takeName } from '../parts/take-name.js'
import { labelOf, shardOf } from './layout.js'
import { unpin } from './leases.js'
import { pinGood } from './pin-good.js'
import { checkDigest, modeOf, type Put, type Putting, publishStage } from './putting.js'
import { sumOf } from './read-bytes.js'

export function* adopt(job: Putting, file: string): Steps<Put> {
  const { blobs } = job
  const { durability } = blobs.settings
  yield* blobs.make()
  const there = yield* fs.lstat(file)
  if (!there.isFile()) throw systemError('EINVAL', 'link', 'only a file can become a blob', file)
  const target = labelOf(blobs.root, job.wanted)
  const { done, was } = yield* withParents(
    target,
    { changed: new Set() },
    () =>
      staged(
        target,
        path => linkOrCopy(file, path, durability !== 'none'),
        stage => settle(job, stage),
      ),
    file,
  )
  try {
    // A power cut must not keep the loss of the file's name, and not the blob.
    if (durability !== 'none') yield* syncDir(shardOf(blobs.root, done.digest))
    yield* takeName(file, was, blobs.trial(file))
    yield* syncLoss(file, blobs.root, durability)
  } catch (error) {
    yield* cleaningUp(() => unpin(done.pin ? [done.pin.path] : []))
    throw error
  }
  if (job.progress) yield* job.progress.finish(done.size)
  return done
}

/** What was taken, and what the file was that still has its name. */
interface Taken {
  readonly was: Stats
  readonly isLink: boolean
}

/** A file that others may go on changing, through another name or because it is theirs, is copied. */
function* linkOrCopy(file: string, path: string, synced: boolean): Steps<Taken> {
  try {
    yield* fs.link(file, path)
    const was = yield* fs.lstat(path)
    if (was.isFile() && was.nlink === 2n && isOwn(was)) {
      if (synced) yield* syncFile(path)
      return { was, isLink: true }
    }
    yield* fs.unlink(path)
  } catch (error) {
    if (!cannotLink(error)) throw error
  }
  const was = yield* duplicate(file, path, 'file', { times: false, owner: false, synced })
  return { was: was as Stats, isLink: false }
}

const isOwn = ({ uid }: Stats): boolean => process.geteuid === undefined || uid === BigInt(process.geteuid())

function* settle(
  job: Putting,
  stage: { readonly path: string; readonly made: Taken; spent: boolean },
): Steps<{ done: Put; was: Stats }> {
  const { blobs, executable } = job
  const { was } = stage.made
  const fd = yield* fs.open(stage.path, 'r nofollow')
  const { digest, size } = yield* closing(fd, () => sumOf(fd, job.algorithm))
  checkDigest(job, digest)
  if (size === 0) return { done: { digest, size, made: false, pin: undefined }, was }
  const there = yield* pinGood(blobs, digest, executable, job.parents)
  if (there) return { done: { digest, size, made: false, pin: there }, was }
  yield* setMode(stage.path, yield* fs.lstat(stage.path), modeOf(executable), true)
  return { done: yield* publishStage(job, stage, digest, size), was }
}
