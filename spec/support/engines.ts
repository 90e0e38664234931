// Engines and clients for specs of stores. They are no dependencies of the project: spec/engines is a package of its own.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Built } from '../runner/bench-ready.js'
import { isWine } from '../windows/flavour.js'

const top = fileURLToPath(new URL('../../..', import.meta.url))
const load = createRequire(join(top, 'spec', 'engines', 'package.json'))

/** The runner of all specs has installed them before. A spec that is run by itself does it here, for its processes, too. */
const ready: Built = process.env.HOLDFAST_ENGINES ? JSON.parse(process.env.HOLDFAST_ENGINES) : install()
process.env.HOLDFAST_ENGINES = JSON.stringify(ready)

function install(): Built {
  if (isWine) return { status: 1, said: '' }
  const script = join(top, 'scripts', 'ready.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'spec/engines'], {
    encoding: 'utf8',
    cwd: top,
  })
  return { status, said: stdout + stderr }
}

/** Why the engines are not installed; undefined: they are. Where there is a network, that is a failure. */
export const noEngines: string | undefined = whyNot()

function whyNot(): string | undefined {
  if (isWine) return 'the jail has no engines in it'
  if (ready.status === 0) return undefined
  if (/npm ci failed/.test(ready.said) && /\bE(NOTFOUND|AI_AGAIN|TIMEDOUT|CONN\w+|NETUNREACH)/.test(ready.said))
    return 'there is no network to install the engines from'
  throw new Error(`The engines are not ready:\n${ready.said}`)
}

/** Loads a package of the engines. It has no types here, because they are installed later than this is compiled. */
// biome-ignore lint/suspicious/noExplicitAny: spec/engines/shapes.ts shows that the types fit
export const engine = (name: string): any => load(name)

/** Why a package cannot be loaded; undefined: it can. An addon is built for one version of Node. */
export function whyNoEngine(name: string): string | undefined {
  if (noEngines) return noEngines
  try {
    load(name)
    return undefined
  } catch (error) {
    return `${name} cannot be loaded: ${(error as Error).message.split('\n', 1)[0]}`
  }
}
