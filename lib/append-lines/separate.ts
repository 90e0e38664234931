// A record that has landed right behind a torn one, on the same line, gets a line of its own.

import { fs, type Steps } from '../core/steps.js'
import { closing as closingDescriptor } from '../parts/stage.js'
import { closing, lineEnd } from '../parts/torn-lines.js'

/** Returns the bytes before a position, at most so many. */
export function* readBefore(fd: number, position: number, most: number): Steps<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.min(most, position))
  const got = yield* fs.read(fd, bytes, position - bytes.length)
  return bytes.subarray(0, got)
}

/**
 * If what comes before `begun` is no line end, it is what is left of a record whose write ended early. The end of that is
 * overwritten with what closes it, because nothing can be put in between. Two calls may do that at one place: the one whose
 * write ended there, and the one whose write began there. Both overwrite the same bytes with the same. `before`: the bytes
 * before `begun`, two if there are so many.
 */
export function* separate(fd: number, begun: number, before: Uint8Array): Steps<void> {
  if (before.length === 0 || before.at(-1) === lineEnd) return
  // Of a single byte an empty line is left.
  const isLonger = before.length > 1 && before.at(-2) !== lineEnd
  yield* closeAt(fd, begun, isLonger ? closing : closing.subarray(1))
}

/** Overwrites the end of what ends there with what closes it. */
export function* closeAt(fd: number, end: number, mark: Uint8Array = closing): Steps<void> {
  // This descriptor only appends. The name may be that of another file meanwhile.
  const again = yield* fs.open(`/proc/self/fd/${fd}`, 'rewrite')
  yield* closingDescriptor(again, () => fs.write(again, mark, end - mark.length))
}
