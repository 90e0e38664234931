// Errors say the names that the caller knows. What happens to a thing under a private name is about the thing, and
// the private name is gone when the error is read.

import { win32 } from 'node:path'
import { isInterruption, isTimeout } from '../core/interruption.js'
import { platform } from '../core/platform.js'
import type { Path } from '../core/steps.js'

/** Errors of functions that the caller has passed, and that were given a private name: these come out as they are. */
const callersOwn = new WeakSet<object>()

export function keepAsItIs(error: unknown): unknown {
  if (isError(error)) callersOwn.add(error)
  return error
}

/** Puts `path` in the place of its private name `at`, wherever an error says that or a name below. Returns the error. */
export const namingPublicly = (error: unknown, at: Path, path: Path): unknown =>
  respell(error, spelt => withoutPrivate(spelt, String(at), String(path)))

/** The same, if all names below `at` are private, too. */
export const namingOnly = (error: unknown, at: Path, path: Path): unknown =>
  respell(error, spelt => (isAtOrBelow(spelt, String(at)) ? String(path) : spelt))

/** The same for a directory that is open, wherever the text says so, too: only this process can use the path `at`. */
export function namingDirectory(error: unknown, at: Path, shown: Path): unknown {
  for (const one of withCauses(error))
    if (one.message.includes(`'${at}`))
      inTexts(one, text =>
        text
          .replaceAll(`'${at}'`, () => `'${shown}'`)
          .replaceAll(`'${at}${separator()}`, () => `'${shown}${separator()}`),
      )
  return namingPublicly(error, at, shown)
}

const separator = (): string => (platform.isWindows ? '\\' : '/')

/** Node spells paths of Windows anew in its errors: with backslashes, a drive, and without `\\?\`. */
const spell = (path: string): string =>
  platform.isWindows ? win32.resolve(path).replace(/^\\\\\?\\(UNC\\)?/, (_, share) => (share ? '\\\\' : '')) : path

export const isAtOrBelow = (spelt: string, at: string): boolean =>
  spelt === at || `${spell(spelt)}${separator()}`.startsWith(`${spell(at)}${separator()}`)

function withoutPrivate(spelt: string, at: string, path: string): string {
  if (!isAtOrBelow(spelt, at)) return spelt
  return path + spelt.slice(spelt.length - (spell(spelt).length - spell(at).length))
}

/** Not by its class: where each file of tests has a global object of its own, errors of the system have another. */
const isError = (error: unknown): error is Error => {
  const { message } = (error ?? {}) as Partial<Error>
  return typeof error === 'object' && typeof message === 'string'
}

/** An error and its causes, but for those that are the caller's own, as the reason of an abort is. A cause may lead back. */
function withCauses(error: unknown): ReadonlySet<Error> {
  const all = new Set<Error>()
  for (let one = error; isError(one) && !callersOwn.has(one) && !all.has(one); ) {
    all.add(one)
    one = isInterruption(one) && !isTimeout(one) ? undefined : one.cause
  }
  return all
}

type Said = NodeJS.ErrnoException & { dest?: string | undefined; cause?: unknown }

function respell(error: unknown, spell: (path: string) => string): unknown {
  for (const one of withCauses(error)) respellOne(one, spell)
  return error
}

function respellOne(said: Said, spell: (path: string) => string): void {
  let isChanged = false
  for (const key of ['path', 'dest'] as const) {
    const old = said[key]
    if (typeof old !== 'string' || spell(old) === old) continue
    said[key] = spell(old)
    isChanged = true
    inTexts(said, text => text.replaceAll(`'${old}'`, () => `'${said[key]}'`))
  }
  // A rename between a name and its private one is about one name now.
  if (isChanged && said.dest === said.path) {
    // Bun lets no property of its system errors be deleted.
    if (!Reflect.deleteProperty(said, 'dest')) said.dest = undefined
    inTexts(said, text => text.replace(`'${said.path}' -> '${said.path}'`, () => `'${said.path}'`))
  }
}

/** Changes the paths that an error and its causes have, and what their messages say. Returns the error. */
export function changeNames(
  error: unknown,
  ofPath: (path: string) => string,
  ofText: (text: string) => string,
): unknown {
  for (const one of withCauses(error)) {
    const said: Said = one
    for (const key of ['path', 'dest'] as const) {
      const old = said[key]
      if (typeof old === 'string') said[key] = ofPath(old)
    }
    const { message } = said
    inTexts(said, text => text.replace(message, () => ofText(message)))
  }
  return error
}

/** Changes what an error says. A stack begins with the message. */
function inTexts(error: Error, change: (text: string) => string): void {
  // Read first: a stack that was not read yet would begin with the new message.
  const { message, stack } = error
  error.message = change(message)
  if (stack !== undefined) error.stack = change(stack)
}

/** Adds to the message what was found. */
export function addFinding(error: unknown, finding: string): void {
  if (!isError(error) || callersOwn.has(error) || error.message.includes(finding)) return
  const { message } = error
  inTexts(error, text => text.replace(message, () => `${message} (${finding})`))
}
