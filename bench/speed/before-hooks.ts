// Runs in the thread of the module hooks. Modules whose URL carries the mark import another build under the name
// `holdfast`, and families.js passes the mark on to the modules of its works.

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
  const resolved = await next(specifier, context)
  const isWork = context.parentURL.includes('/families.js') && specifier.startsWith('./')
  return isWork ? { ...resolved, url: `${resolved.url}${hooks.mark}` } : resolved
}
