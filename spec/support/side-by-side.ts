// A face beside the package whose place it takes: both get the same call on the same ground, and must come to the same:
// value or error, and what is on the disk afterwards.

import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isWindows, isWine } from '../windows/flavour.js'
import { assert, scratch } from './kit.js'

// biome-ignore lint/suspicious/noExplicitAny: any function of any package
type AnyFunction = (...args: any[]) => unknown
export type Package = Readonly<Record<string, unknown>>
export type Form = 'promise' | 'sync' | 'callback'

/** A function and its arguments. In a text that begins with `@`, that stands for the directory of the case. */
export type Case = readonly [name: string, ...args: unknown[]]

/** Files, directories and links of all kinds. */
function lay(dir: string): void {
  mkdirSync(join(dir, 'd/e'), { recursive: true })
  for (const [name, text] of [
    ['f', 'f'],
    ['g', 'g'],
    ['d/k', 'k'],
    ['d/e/z', 'z'],
    ['j.json', '\uFEFF{"a":1}'],
    ['bad.json', '{a'],
  ] as const)
    writeFileSync(join(dir, name), text, { mode: name === 'g' ? 0o600 : 0o644 })
  mkdirSync(join(dir, 'n'))
  writeFileSync(join(dir, 'n/k'), 'old')
  mkdirSync(join(dir, 'empty'))
  linkSync(join(dir, 'f'), join(dir, 'hard'))
  for (const [text, name] of [
    ['d', 'ld'],
    ['d/e', 'le'],
    ['f', 'lf'],
    ['gone', 'dangling'],
  ] as const)
    symlinkSync(text, join(dir, name))
}

/** A line for each thing, with its mode, and what is in it. */
export function picture(dir: string, at = ''): string[] {
  return readdirSync(join(dir, at))
    .sort()
    .flatMap(one => {
      const name = join(at, one)
      const stats = lstatSync(join(dir, name))
      const mode = (stats.mode & 0o7777).toString(8)
      if (stats.isSymbolicLink()) return [`${name} -> ${readlinkSync(join(dir, name)).replaceAll(dir, '@')}`]
      if (stats.isDirectory()) return [`${name}/ ${mode}`, ...picture(dir, name)]
      // Only root reads what its owner may not.
      if ((stats.mode & 0o400) === 0) chmodSync(join(dir, name), stats.mode | 0o400)
      return [`${name} ${mode} ${stats.nlink} ${readFileSync(join(dir, name), 'utf8')}`]
    })
}

export interface Came {
  readonly to: string
  readonly left: readonly string[]
}

/** What a call came to. What holdfast has found out stands in brackets behind the words of a system error. */
export async function play(peer: Package, form: Form, [name, ...args]: Case): Promise<Came> {
  const dir = scratch()
  lay(dir)
  const given = args.map(one => (typeof one === 'string' ? one.replace(/^@/, `${dir}/`) : copied(one)))
  while (given.length > 0 && given.at(-1) === undefined) given.pop()
  const before = process.cwd()
  process.chdir(dir)
  let to: string
  try {
    to = shown(await callIn(form, peer, name, given))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    to = `${(error as Error).name} ${code} ${message.replace(/ \([^()]*(\([^()]*\)[^()]*)*\)$/, '')}`
  } finally {
    process.chdir(before)
  }
  const left = picture(dir)
  rmSync(dir, { recursive: true })
  return { to: spelledAlike(to.replaceAll(JSON.stringify(dir).slice(1, -1), '@').replaceAll(dir, '@')), left }
}

/** On Windows Node spells some paths anew: `\\\\?\\` before them, the other separators, from the root, and with none at the end. */
const spelledAlike = (text: string): string =>
  isWindows
    ? text
        .replace(/[\\/]+\?[\\/]+(?=@)/g, '')
        .replace(/\\+/g, '/')
        .replaceAll("'@/", "'")
        .replaceAll("/'", "'")
    : text

/** fs-extra writes into the options that it is given. */
const copied = (one: unknown): unknown => (one?.constructor === Object ? { ...one } : one)

const shown = (value: unknown): string =>
  value?.constructor?.name === 'Stats' ? 'Stats' : (JSON.stringify(value) ?? String(value))

function callIn(form: Form, peer: Package, name: string, args: readonly unknown[]): unknown {
  if (form === 'sync') return (peer[`${name}Sync`] as AnyFunction)(...args)
  const call = peer[name] as AnyFunction
  if (form === 'promise') return call(...args)
  return new Promise((resolve, reject) => {
    call(...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)))
  })
}

export const spelt = ([name, ...args]: Case, form: Form): string =>
  `${form} ${name}(${args.map(one => JSON.stringify(one) ?? 'undefined').join(', ')})`

/** Wine makes no links, and changes no read-only file by a handle: what is in a case that needs that is not the face. */
const isBeyondWine = (one: Case): boolean =>
  /symlink/i.test(one[0]) ||
  one.some(part => /^@(ld|le|lf|dangling)(\/|$)/.test(String(part)) || (part as { mode?: unknown } | null)?.mode === 0)

/** Plays each case with both, in these forms, and insists that they come to the same. */
export async function assertAlike(
  peer: Package,
  face: Package,
  cases: readonly Case[],
  forms: readonly Form[],
): Promise<void> {
  for (const one of cases)
    for (const form of forms) {
      if (isWine && isBeyondWine(one)) continue
      const theirs = await play(peer, form, one)
      assert.equal(await play(face, form, one), theirs, spelt(one, form))
    }
}
