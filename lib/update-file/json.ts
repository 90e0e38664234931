// JSON in files: read strictly, with the place where it goes wrong, and printed as the file was before.

import { jsonErrorPosition } from './json-position.js'

const mark = '\uFEFF'

/** How a file is laid out, apart from what it says. */
interface Layout {
  /** The byte order mark, if there is one. */
  readonly head: string
  /** Of one level; none: all in one line. */
  readonly indent: string
  readonly newline: string
  /** What stands after the last character. */
  readonly tail: string
}

const newFile: Layout = { head: '', indent: '  ', newline: '\n', tail: '\n' }

/** @throws `ERR_INVALID_JSON` */
export function parse(text: string, path: string): unknown {
  const bare = text.startsWith(mark) ? text.slice(1) : text
  try {
    return JSON.parse(bare)
  } catch (cause) {
    throw invalid(bare, path, cause as Error)
  }
}

/** Positions from 0, in characters as JavaScript counts them; lines and columns from 1. A byte order mark is none. */
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

/** The value, laid out as the text is in whose place it comes, or as a new file. Undefined if JSON cannot hold it. */
export function print(value: unknown, before: string | undefined): string | undefined {
  const { head, indent, newline, tail } = before === undefined ? newFile : layoutOf(before)
  const text = JSON.stringify(value, null, indent) as string | undefined
  // Those within strings are escaped.
  return text && head + text.replaceAll('\n', newline) + tail
}

function layoutOf(text: string): Layout {
  const body = text.trim()
  const newline = /\r?\n/.exec(text)?.[0] ?? newFile.newline
  // Whether its things shall have lines of their own, only something that has things tells.
  const tells = /^(?:\{\s*[^}\s]|\[\s*[^\]\s])/.test(body)
  const indent = /\n([\t ]+)/.exec(body)?.[1] ?? (tells && !body.includes('\n') ? '' : newFile.indent)
  return { head: text.startsWith(mark) ? mark : '', indent, newline, tail: /\n\s*$/.test(text) ? newline : '' }
}
