// JSON in files: it is read strictly, errors say where it goes wrong, and it is printed in the layout that the file
// had.

import { jsonErrorPosition } from './json-position.js'
import { splitMark } from './text.js'

/** How a file is laid out. */
interface Layout {
  /** The byte order mark, if there is one. */
  readonly head: string
  /** The indentation of one level; empty if everything is on one line. */
  readonly indent: string
  readonly newline: string
  /** The line end after the last character, if there is one. */
  readonly tail: string
}

const newFile: Layout = { head: '', indent: '  ', newline: '\n', tail: '\n' }

/** @throws `ERR_INVALID_JSON`; what `reviver` throws. */
export function parseJson(
  text: string,
  path: string,
  reviver?: (this: unknown, key: string, value: unknown) => unknown,
): unknown {
  const [, bare] = splitMark(text)
  let value: unknown
  try {
    value = JSON.parse(bare)
  } catch (cause) {
    throw invalid(bare, path, cause as Error)
  }
  // Only once it is known to be valid, so that what the reviver throws is not taken for a fault of the text.
  return reviver ? JSON.parse(bare, reviver) : value
}

/** Positions count from 0, in UTF-16 units; lines and columns from 1. A byte order mark is not counted. */
function invalid(text: string, path: string, cause: Error): Error {
  const position = jsonErrorPosition(text) ?? text.length
  const before = text.slice(0, position)
  const line = before.split('\n').length
  const column = position - before.lastIndexOf('\n')
  const why = text === '' ? 'the file is empty' : cause.message
  const where = `line ${line}, column ${column} (position ${position})`
  const error = new SyntaxError(`Not valid JSON at ${where}: ${path}: ${why}`, { cause })
  return Object.assign(error, { code: 'ERR_INVALID_JSON', path, position, line, column })
}

/**
 * Prints the value in the layout of the text that it replaces, or of a new file. Returns undefined if JSON cannot hold
 * it.
 */
export function printJson(value: unknown, before: string | undefined): string | undefined {
  const { head, indent, newline, tail } = before === undefined ? newFile : layoutOf(before)
  const text = JSON.stringify(value, null, indent) as string | undefined
  // No line end inside a string is affected, because there they are escaped.
  return text && head + text.replaceAll('\n', newline) + tail
}

function layoutOf(text: string): Layout {
  const body = text.trim()
  const newline = /\r?\n/.exec(text)?.[0] ?? newFile.newline
  // An empty object or array says nothing about layout; only a non-empty one shows whether members go on separate
  // lines.
  const hasMembers = /^(?:\{\s*[^}\s]|\[\s*[^\]\s])/.test(body)
  const indent = /\n([\t ]+)/.exec(body)?.[1] ?? (hasMembers && !body.includes('\n') ? '' : newFile.indent)
  return {
    head: splitMark(text)[0],
    indent,
    newline,
    tail: /\n\s*$/.test(text) ? newline : '',
  }
}
