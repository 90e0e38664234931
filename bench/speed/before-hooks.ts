// Runs in the thread of the module hooks. A module whose URL carries the mark imports another build under the name
// `holdfast`, and passes the mark on to the modules in its own directory.

import { existsSync } from 'node:fs'
import type { InitializeHook, ResolveHook } from 'node:module'

export interface BeforeHooks {
  readonly mark: string
  readonly entry: string
}

let hooks: BeforeHooks | undefined

export const initialize: InitializeHook<BeforeHooks> = data => {
  hooks = data
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (!hooks || !context.parentURL?.endsWith(hooks.mark)) return await next(specifier, context)
  if (specifier === 'holdfast') return { url: hooks.entry, shortCircuit: true }
  if (specifier.startsWith('holdfast/')) return { url: besideEntry(hooks.entry, specifier), shortCircuit: true }
  const resolved = await next(specifier, context)
  return specifier.startsWith('./') ? { ...resolved, url: `${resolved.url}${hooks.mark}` } : resolved
}

/** Another entry of that build. A build that has none exports nothing there. */
function besideEntry(entry: string, specifier: string): string {
  const url = new URL(`./${specifier.slice('holdfast/'.length)}.js`, entry)
  return existsSync(url) ? url.href : 'data:text/javascript,export {}'
}
