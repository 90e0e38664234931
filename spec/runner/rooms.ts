// Where spec files work: each of those that run at the same time has directories of its own, on disk, in memory and on
// the filesystems that are mounted for the run. What is in them when a file has ended was left behind by that file.

import { chmodSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mounts, mountAll, unmountBelow } from '../support/mounts.js'
import { removeAll } from '../support/unlock.js'

export interface Room {
  readonly env: NodeJS.ProcessEnv
  /** Paths of what was left behind; removes it, so that the next file is not blamed. */
  clear(): string[]
}

export interface Rooms {
  readonly rooms: readonly Room[]
  readonly missing: Mounts['missing']
}

const nothing: Mounts = { places: [], missing: [], unmount() {} }

/** Makes so many rooms. They are removed when the process exits, and so are the mounts. */
export function makeRooms(count: number, mounts: boolean): Rooms {
  const disk = mkdtempSync(join(tmpdir(), 'holdfast-all-'))
  const memory =
    process.platform === 'linux' ? mkdtempSync('/dev/shm/holdfast-all-') : mkdtempSync(join(disk, 'memory-'))
  process.once('exit', () => {
    // A spec that was killed cannot unmount any more.
    unmountBelow(disk)
    for (const dir of [memory, disk]) removeAll(dir)
  })
  // Not in a room: a mount point would be taken for something that was left behind.
  const { places, missing, unmount } = mounts ? mountAll(tmpdir()) : nothing
  process.prependOnceListener('exit', unmount)
  // Some tests become another user, who must be able to pass.
  for (const dir of [disk, memory]) chmodSync(dir, 0o711)
  const rooms = Array.from({ length: count }, (_, number) => {
    const here = (dir: string) => join(dir, String(number))
    return makeRoom(
      here(disk),
      here(memory),
      places.map(({ kind, dir }) => ({ kind, dir: here(dir) })),
    )
  })
  return { rooms, missing }
}

function makeRoom(disk: string, memory: string, places: Mounts['places']): Room {
  const dirs = [disk, memory, ...places.map(({ dir }) => dir)]
  for (const dir of dirs) {
    mkdirSync(dir)
    chmodSync(dir, 0o711)
  }
  const env = {
    ...process.env,
    ...{ TMPDIR: disk, TEMP: disk, TMP: disk },
    HOLDFAST_SCRATCH: memory,
    HOLDFAST_PLACES: JSON.stringify(places),
    NODE_DISABLE_COMPILE_CACHE: '1',
  }
  const clear = () => {
    const left = dirs.flatMap(dir => readdirSync(dir).map(name => join(dir, name)))
    if (left.length > 0) unmountBelow(disk)
    for (const path of left) removeAll(path)
    return left
  }
  return { env, clear }
}
