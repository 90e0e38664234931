// Engines and clients that stores take are a package of their own, spec/engines. Specs find it installed, and its types
// checked: once, and before them, because two installs at the same time would be in each other's way.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Built } from './bench-ready.js'

const top = fileURLToPath(new URL('../../..', import.meta.url))
let installing: Promise<Built> | undefined

/** Installs the engines, if that has not been done. */
export function installEngines(): Promise<Built> {
  installing ??= new Promise(resolve => {
    const child = spawn(process.execPath, [join(top, 'scripts', 'ready.mjs'), 'spec/engines'], { cwd: top })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text))
    child.once('close', status => resolve({ status, said }))
  })
  return installing
}
