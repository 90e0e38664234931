// The work of `appendLines`: one write at the end of the file, for whole records.
//
// On a filesystem that the kernel of this machine keeps itself, a write that appends lands behind all others, in one
// piece: the kernel lets one of them after the other at the file. What remains is a write that ends early, because the
// disk is full or its process is killed: the next record must not come on the same line. Who finds such an end closes it in
// the same write as the record. Who wrote right behind it, before it could be seen, finds that out afterwards, from where
// its own write has landed (./land.ts), and separates the two (./separate.ts); and so does the writer whose write has ended
// early. Elsewhere calls take turns, by the lock of the path.

import { rescued } from '../core/around.js'
import { hasCode } from '../core/errors.js'
import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { tidy } from '../parts/cleanup.js'
import { isOfAnother, refusePlanted, refuseSpecialFile, resolveLinks } from '../parts/follow-links.js'
import { sameInode } from '../parts/identity.js'
import { withParents } from '../parts/parents.js'
import { closeUnsynced, type Written } from '../parts/stage.js'
import { lineEnd } from '../parts/torn-lines.js'
import type { Appending, Tail } from './job.js'
import { readBefore } from './separate.js'
import { writeBatch } from './write-batch.js'

/** One attempt. `inTurn`: the call has the lock of the path, so no other one writes meanwhile. */
export function* append(job: Appending, inTurn: boolean): Steps<true> {
  const fd = yield* withParents(job.path, job.parents, () => openEnd(job))
  const file: Written = { fd, isOpen: true }
  const synced = job.durability !== 'none'
  try {
    const was = yield* fs.fstat(fd)
    refuseSpecialFile(job.path, was)
    if (isOfAnother(was)) yield* refusePlanted(job.path, was)
    const tail: Tail = { size: Number(was.size), isClosed: was.size === 0n || isAsLeft(job.left, was) }
    if (!tail.isClosed) tail.isClosed = (yield* readBefore(fd, tail.size, 1))[0] === lineEnd
    while (job.batch < job.batches.length) yield* writeBatch(fd, tail, job, inTurn)
    if (synced) yield* fs.fsync(fd)
    else yield* closeUnsynced(file, synced)
    return true
  } finally {
    if (file.isOpen) yield* tidy(fs.close(fd))
  }
}

/** Is the file as this process has left it, with a line end at its end? */
const isAsLeft = (known: Stats | undefined, was: Stats): boolean =>
  sameInode(known, was) && known?.size === was.size && known.mtimeNs === was.mtimeNs

/** Usually the file is there, and no link. */
const openEnd = ({ path, mode }: Appending): Steps<number> =>
  rescued(
    () => fs.open(path, 'a+ nofollow', mode),
    function* (error) {
      if (!hasCode(error, 'ELOOP', 'EMLINK')) throw error
      const { at } = yield* resolveLinks(path, true)
      return yield* fs.open(at, 'a+ nofollow', mode)
    },
  )
