// The bench is a package of its own. Its specs find it built: once, and before them, because two builds at the same
// time would be in each other's way.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Built {
  readonly status: number | null
  readonly said: string
}

const top = fileURLToPath(new URL('../../..', import.meta.url))
let building: Promise<Built> | undefined

/** Installs and builds the bench, if that has not been done. */
export function buildBench(): Promise<Built> {
  building ??= new Promise(resolve => {
    const child = spawn(process.execPath, [join(top, 'scripts', 'ready.mjs'), 'bench'], { cwd: top })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text))
    child.once('close', status => resolve({ status, said }))
  })
  return building
}
