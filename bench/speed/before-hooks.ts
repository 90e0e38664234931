// Runs in the thread of the module hooks. A module whose URL carries the mark imports another build under the name
// `holdfast`, and passes the mark on to the modules in its own directory.

import { existsSync } from 'node:fs'
import type { InitializeHook, ResolveHook } from 'node:module'
import { extname } from 'node:path'

export interface BeforeHooks {
  readonly mark: string
  readonly entry: string
}

/** The code of the error of what that build lacks. */
export const notThere = 'ERR_NOT_THERE'

let hooks: BeforeHooks | undefined

export const initialize: InitializeHook<BeforeHooks> = data => {
  hooks = data
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (!hooks || !context.parentURL?.endsWith(hooks.mark)) return await next(specifier, context)
  if (/^holdfast($|\/)/.test(specifier)) {
    const { url } = await next(specifier, context)
    return { url: await withAllNames(entryBeside(hooks.entry, specifier), url), shortCircuit: true }
  }
  const resolved = await next(specifier, context)
  return specifier.startsWith('./') ? { ...resolved, url: `${resolved.url}${hooks.mark}` } : resolved
}

/** An entry of that build, which may have none of that name. */
const entryBeside = (entry: string, specifier: string): string =>
  specifier === 'holdfast' ? entry : new URL(`./${specifier.slice('holdfast/'.length)}${extname(entry)}`, entry).href

/** That build may lack what this one has: what is made with it fails when it is measured, and is left out then. */
async function withAllNames(entry: string, now: string): Promise<string> {
  const isThere = existsSync(new URL(entry))
  const there = isThere ? Object.keys(await import(entry)) : []
  const missing = Object.keys(await import(now)).filter(name => name !== 'default' && !there.includes(name))
  if (missing.length === 0) return entry
  const code = `
    const fail = () => { throw Object.assign(new Error('The build before has not all of this'), { code: '${notThere}' }) }
    const missing = new Proxy(class {}, { get: (_, name) => (name === 'then' ? undefined : missing), construct: () => missing, apply: fail })
    export { ${missing.map(name => `missing as ${name}`).join()} }
    ${isThere ? `export * from '${entry}'` : ''}`
  return `data:text/javascript,${encodeURIComponent(code)}`
}
