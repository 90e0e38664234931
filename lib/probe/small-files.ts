// The files that experiments are made with: empty, or with one letter in them.

import { fs, type Steps } from '../core/steps.js'
import { closing } from '../parts/stage.js'

export function* touch(path: string): Steps<void> {
  yield* fs.close(yield* fs.open(path, 'w nofollow', 0o600))
}

export function* writeNew(path: string, text: string): Steps<void> {
  const fd = yield* fs.open(path, 'wx', 0o600)
  yield* closing(fd, () => fs.write(fd, Buffer.from(text)))
}

/** Reads the one letter that is in a file. */
export function* readLetter(fd: number): Steps<string> {
  const into = Buffer.alloc(2)
  return into.toString('latin1', 0, yield* fs.read(fd, into, 0))
}
