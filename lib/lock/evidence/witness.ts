// A call that gives up leaves word of a holder that it could not judge: which heartbeat was its last, and when it was
// seen. A later call of this boot that finds the same heartbeat has then watched for as long as both together, so also
// those take over that never wait for long.
//
// The word is a private file beside the lock, one for each boot and user: in a sticky directory, no other user could replace
// it. No process owns it, so `sweep` removes it by its age.

import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { isSystemError } from '../../core/errors.js'
import { clockOf } from '../../core/owner-words.js'
import { isCertain } from '../../core/places.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { tidy } from '../../parts/cleanup.js'
import { isPlanted } from '../../parts/follow-links.js'
import { closeUnsynced, stagedFile } from '../../parts/stage.js'
import { mark, shortNameBytes, siblingName } from '../../parts/stage-names.js'
import type { Token } from '../token.js'

/** What was seen of a holder, and when. */
export interface Word {
  readonly beat: string
  readonly seenAtMs: number
}

/** Names a heartbeat among all others. */
export const beatOf = ({ fence, hold = '', beatMs = 0 }: Token): string => `${fence}.${hold}.${beatMs}`

/** Undefined where nothing names this boot. */
function* placeOfWord(dir: string): Steps<string | undefined> {
  const clock = clockOf(yield* fs.thread())
  if (clock === undefined || !isCertain(clock)) return undefined
  const whose = `${basename(dir)} ${process.geteuid?.()}`
  const which = createHash('sha256').update(whose).digest('hex').slice(0, 16)
  return siblingName(dir, `.${clock}-0-0.${which}.${mark}`, shortNameBytes)
}

/** What a call of this boot has left, if it is about this heartbeat. What another user may have planted is not read. */
export function* readWord(dir: string, beat: string): Steps<Word | undefined> {
  const path = yield* placeOfWord(dir)
  if (path === undefined) return undefined
  try {
    const there = yield* fs.lstat(path, orNothing)
    if (!there?.isFile() || (yield* isPlanted(path, there))) return undefined
    const [seen, at] = (yield* fs.readFile(path, 'r nofollow')).toString('latin1').split(' ')
    const seenAtMs = Number(at)
    return seen === beat && Number.isFinite(seenAtMs) ? { beat, seenAtMs } : undefined
  } catch (error) {
    if (isSystemError(error)) return undefined
    throw error
  }
}

/** Best effort: a caller that may not write beside the lock cannot take it either. */
export function* leaveWord(dir: string, { beat, seenAtMs }: Word): Steps<void> {
  const path = yield* placeOfWord(dir)
  if (path === undefined) return
  yield* tidy(
    stagedFile(path, 0o644, function* (stage) {
      yield* fs.write(stage.made.fd, Buffer.from(`${beat} ${Math.floor(seenAtMs)}`))
      yield* closeUnsynced(stage.made, false)
      yield* fs.rename(stage.path, path)
      stage.spent = true
    }),
  )
}

/** The lock was taken over, so the word is about a hold that is over. */
export function* removeWord(dir: string): Steps<void> {
  const path = yield* placeOfWord(dir)
  if (path !== undefined) yield* tidy(fs.unlink(path))
}
