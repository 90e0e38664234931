// The patterns of rimraf's option `glob`: `*`, `?`, `[a-z]`, `[!a]`, `{a,b}`, `{1..3}` and `**`. Links are not followed on the
// way of `**`, and names that begin with a dot match only a pattern that has one.

import { isAbsolute, parse, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { platform } from '../core/platform.js'
import { nodeFs } from './node-fs.js'

/** The options of glob that are known here. */
export interface GlobOptions {
  /** Where patterns begin. @default process.cwd() */
  cwd?: string | URL
  /** Whether `*` matches names that begin with a dot. @default false */
  dot?: boolean
  /** Patterns of what is left out; one that ends with `/**` leaves out all that is below. */
  ignore?: string | string[]
  /** Whether case does not count. @default false */
  nocase?: boolean
  /** Ends the search. */
  signal?: AbortSignal
  /** Has no effect: paths are absolute. */
  absolute?: boolean
  /** Has no effect: paths are strings. */
  withFileTypes?: boolean
}

const known = new Set(['cwd', 'dot', 'ignore', 'nocase', 'signal', 'absolute', 'withFileTypes'])

interface Search {
  readonly dot: boolean
  readonly nocase: boolean
  readonly ignored: readonly (readonly string[])[]
  readonly found: Set<string>
}

/** Returns the absolute paths that match one of the patterns, each once. */
export function glob(patterns: string | readonly string[], options: GlobOptions): string[] {
  for (const name of Object.keys(options))
    if (!known.has(name)) throw new Error(`invalid rimraf options: glob.${name} is not supported`)
  const { cwd = process.cwd(), dot = false, ignore = [], nocase = false } = options
  const from = resolve(cwd instanceof URL ? fileURLToPath(cwd) : cwd)
  const ignored = [ignore]
    .flat()
    .flatMap(expand)
    .map(pattern => partsOf(isAnywhere(pattern) ? `/${pattern}` : resolveIn(from, pattern)))
  const search: Search = { dot, nocase, ignored, found: new Set() }
  for (const pattern of [patterns].flat().flatMap(expand)) {
    // To glob a backslash separates nothing where something is to match: it takes the meaning of what follows.
    if (platform.isWindows && pattern.includes('\\') && isMagic(pattern)) continue
    if (/[?*+@!]\([^)]*\)/.test(pattern))
      throw new Error(`invalid rimraf options: the pattern '${pattern}' is extended`)
    const at = resolveIn(from, pattern)
    const { root } = parse(at)
    find(root, partsOf(at), search)
  }
  return [...search.found]
}

const separators = process.platform === 'win32' ? /[\\/]+/ : /\/+/

const partsOf = (path: string): string[] => path.slice(parse(path).root.length).split(separators).filter(Boolean)

/** `.` and `..` are taken off, also behind a pattern. */
const resolveIn = (from: string, pattern: string): string =>
  isAbsolute(pattern) ? resolve(pattern) : resolve(from, pattern)

/** Puts each alternative of braces into a pattern of its own. */
function expand(pattern: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(pattern)
  if (!braces) return [pattern]
  const [whole, inner = ''] = braces
  const range = /^(-?\d+)\.\.(-?\d+)$/.exec(inner)
  const choices = range ? numbersIn(Number(range[1]), Number(range[2])) : inner.split(',')
  // Without a comma, braces are ordinary characters.
  if (choices.length === 1 && !range) return expand(pattern.replace(whole, `\0${inner}\x01`)).map(restored)
  const end = braces.index + whole.length
  return choices.flatMap(one => expand(pattern.slice(0, braces.index) + one + pattern.slice(end)))
}

const restored = (pattern: string): string => pattern.replaceAll('\0', '{').replaceAll('\x01', '}')

const numbersIn = (first: number, last: number): string[] =>
  Array.from({ length: Math.abs(last - first) + 1 }, (_, at) => `${first + Math.sign(last - first) * at}`)

/** Of what is left out, this is left out wherever it is. */
const isAnywhere = (pattern: string): boolean => pattern.startsWith('**')

const isMagic = (part: string): boolean => /[*?[\]]/.test(part)

function find(dir: string, parts: readonly string[], search: Search): void {
  const [part, ...rest] = parts
  if (part === undefined) {
    if (!isIgnored(dir, search)) search.found.add(dir)
  } else if (part === '**') {
    find(dir, rest, search)
    for (const { name, isDirectory } of entriesOf(dir))
      if (search.dot || !name.startsWith('.')) {
        const at = resolve(dir, name)
        if (isDirectory) find(at, parts, search)
        else if (rest.length === 0) find(at, rest, search)
      }
  } else if (!isMagic(part) && !search.nocase) {
    const at = resolve(dir, part)
    if (nodeFs.lstatSync(at, { throwIfNoEntry: false })) find(at, rest, search)
  } else for (const { name } of entriesOf(dir)) if (matches(name, part, search)) find(resolve(dir, name), rest, search)
}

function entriesOf(dir: string): { name: string; isDirectory: boolean }[] {
  try {
    return nodeFs
      .readdirSync(dir, { withFileTypes: true })
      .map(entry => ({ name: entry.name, isDirectory: entry.isDirectory() }))
  } catch {
    // What cannot be listed has nothing that matches.
    return []
  }
}

function matches(name: string, part: string, { dot, nocase }: Pick<Search, 'dot' | 'nocase'>): boolean {
  if (name.startsWith('.') && !dot && !part.startsWith('.')) return false
  const source = part.replace(/\[[!^]?\]?[^\]]*\]|[\s\S]/g, one => {
    if (one === '*') return '.*'
    if (one === '?') return '.'
    if (one.length > 1) return one.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    return one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, nocase ? 'isu' : 'su').test(name)
}

const isIgnored = (path: string, { ignored, nocase }: Search): boolean =>
  ignored.some(parts => fits(partsOf(path), parts, nocase))

/** What is ignored is ignored whether its name begins with a dot or not. */
function fits(names: readonly string[], parts: readonly string[], nocase: boolean): boolean {
  const [part, ...rest] = parts
  if (part === undefined) return names.length === 0
  if (part === '**') return names.some((_, at) => fits(names.slice(at), rest, nocase)) || fits([], rest, nocase)
  const [name, ...below] = names
  return name !== undefined && matches(name, part, { dot: true, nocase }) && fits(below, rest, nocase)
}
