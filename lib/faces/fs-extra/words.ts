// The errors of fs-extra's `copy` and `move`: they have no code, so users compare the messages.

import type { Verdict, Word } from '../node/verdicts.js'

/** `verb`: the function's name in the messages. */
export const wordOf =
  (verb: 'copy' | 'move'): Word =>
  (verdict, source, target, { cause } = {}) =>
    new Error(messageOf(verb, verdict, source, target), cause === undefined ? undefined : { cause })

function messageOf(verb: string, verdict: Verdict, source: string, target: string): string {
  switch (verdict) {
    case 'same':
      return 'Source and destination must not be the same.'
    case 'directory over other':
      return `Cannot overwrite non-directory '${target}' with directory '${source}'.`
    case 'other over directory':
      return `Cannot overwrite directory '${target}' with non-directory '${source}'.`
    case 'into itself':
    case 'link into itself':
      return `Cannot ${verb} '${source}' to a subdirectory of itself, '${target}'.`
    case 'link over its own':
      return `Cannot overwrite '${target}' with '${source}'.`
    case 'exists':
      return verb === 'move' ? 'dest already exists.' : `'${target}' already exists`
    case 'socket':
      return `Cannot copy a socket file: ${source}`
    case 'pipe':
      return `Cannot copy a FIFO pipe: ${source}`
  }
}
