// HOLDFAST_INLINE: which calls the promise form may make inline, if the user of a program wants less than it does.

import type { Op } from '../alphabet.js'
import { opsThat } from '../traits.js'

const all: ReadonlySet<Op> = new Set([
  ...(['open', 'read', 'write', 'fstat', 'fchmod', 'close', 'lstat', 'stat', 'readdir', 'mkdir', 'rename'] as const),
  ...(['exists', 'unlink', 'rmdir', 'link', 'symlink', 'local', 'clocked'] as const),
])
/**
 * What changes the disk waits for it while it stands still. Not even `close` is left: the last descriptor of a file
 * without a name frees what the file had, whatever it was opened for. The files that are opened inline are new, or are
 * in memory, and so are those that are read.
 */
const changing = opsThat('changes')
const ofFiles: readonly Op[] = ['open', 'read', 'close']
const looks: ReadonlySet<Op> = new Set([...all].filter(op => !ofFiles.includes(op) && !changing.has(op)))
const none: ReadonlySet<Op> = new Set()

/** A wrong guess of what is in memory waits for the disk, and `looks` must not. */
export const mayGuess = (ops: ReadonlySet<Op>): boolean => ops === all

/** Returns the calls that may be made inline. */
export function inlineOps(): ReadonlySet<Op> {
  const mode = process.env.HOLDFAST_INLINE ?? 'all'
  if (mode === 'all') return all
  if (mode === 'looks') return looks
  if (mode !== 'none') {
    const message = `HOLDFAST_INLINE is '${mode}', which is neither 'none' nor 'looks' nor 'all': it counts as 'none'`
    process.emitWarning(message, { code: 'HOLDFAST_INLINE' })
  }
  return none
}
