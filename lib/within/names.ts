// Errors say paths as users know them: from the root on. Where the root is, is often no business of those who read them.

import { changeNames } from '../parts/public-names.js'
import { relativeTo } from './paths.js'

/** `top` is the root's path. Returns the error itself. */
export function namingRelatively(error: unknown, top: string): unknown {
  // The root of the filesystem begins every absolute path, and nothing shows which ones are meant.
  const prefix = top.endsWith('/') ? undefined : `${top}/`
  const inText = (text: string): string =>
    prefix === undefined ? text : text.replaceAll(prefix, () => '').replaceAll(`'${top}'`, () => "'.'")
  return changeNames(error, path => relativeTo(top, path), inText)
}
