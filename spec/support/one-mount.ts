// One filesystem for one test: mounted, used, and unmounted, also when this process is killed meanwhile.

import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { scratch } from './kit.js'
import { mountImage, run, startWarden, unmountBelow } from './mounts.js'

/** `ramfs` is in memory, and `bindfs` a FUSE filesystem: neither counts as local. */
export type Mountable = 'ext4' | 'tmpfs' | 'ramfs' | 'bindfs'

export function mountOne(kind: Mountable, point: string, ...options: string[]): void {
  if (kind === 'ext4') mountImage(kind, point)
  else if (kind !== 'bindfs') run('mount', '-t', kind, kind, point)
  else {
    const behind = `${point}.behind`
    mkdirSync(behind, { recursive: true })
    run('bindfs', ...options, behind, point)
  }
}

/** Runs the test with a mount of the kind. The options are those of `bindfs`. */
export async function onMount(
  kind: Mountable,
  test: (dir: string) => Promise<void>,
  ...options: string[]
): Promise<void> {
  const room = scratch()
  const point = join(room, 'mount')
  mkdirSync(point)
  const warden = startWarden([point])
  try {
    mountOne(kind, point, ...options)
    await test(point)
  } finally {
    unmountBelow(room)
    warden.dismiss()
  }
}

/** Why the kind cannot be mounted here; '' if it can be. */
export function hindrance(kind: Mountable): string {
  if (process.platform !== 'linux') return 'it takes Linux'
  if (process.getuid?.() !== 0) return 'it takes root'
  if (kind !== 'bindfs') return ''
  try {
    run('bindfs', '--version')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

/** The disk stands still for so long: whatever changes it waits. Thaws it even if this process is killed meanwhile. */
export function freeze(dir: string, seconds: number): Promise<unknown> {
  const script = 'fsfreeze -f "$1" && { sleep "$2"; fsfreeze -u "$1"; }'
  const freezing = spawn('sh', ['-c', script, 'sh', dir, `${seconds}`], { detached: true, stdio: 'ignore', cwd: '/' })
  return new Promise(thawed => freezing.once('close', thawed))
}
