// What a disk holds at a moment: the image of a filesystem in use is a file on btrfs, which makes a copy of it in one step.
// A copy is what would be left if the power were cut in that moment.

import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memory, scratch } from './kit.js'
import { run, startWarden, unmountBelow } from './mounts.js'

export type Journalled = 'ext4' | 'xfs' | 'btrfs'

/** The smallest that each can be, in MiB. */
const sizes: Readonly<Record<Journalled, number>> = { ext4: 64, xfs: 300, btrfs: 160 }
const hostMiB = 4096

/** Why no snapshot can be made here; '' if it can. */
export function noSnapshots(kind: Journalled): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it takes root on Linux'
  try {
    for (const one of ['btrfs', kind]) run(`mkfs.${one}`, one === 'btrfs' ? '--version' : '-V')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

export interface Disk {
  /** Where the filesystem is mounted. */
  readonly live: string
  /** Cuts the power now. Returns what to look at it with: the copy is mounted meanwhile. */
  cut(): (look: (dir: string) => void) => void
}

/** Runs the test with a filesystem of this kind, whose power can be cut. */
export async function onDisk(kind: Journalled, test: (disk: Disk) => Promise<void>): Promise<void> {
  const room = scratch(memory)
  const [host, live, after] = ['host', 'live', 'after'].map(name => join(room, name)) as [string, string, string]
  for (const point of [host, live, after]) mkdirSync(point)
  const warden = startWarden([host, live, after])
  let cuts = 0
  try {
    makeImage('btrfs', join(room, 'image'), hostMiB)
    run('mount', '-o', 'loop', join(room, 'image'), host)
    const image = join(host, 'image')
    makeImage(kind, image, sizes[kind])
    run('mount', '-o', 'loop', image, live)
    await test({
      live,
      cut() {
        const copy = join(host, `cut-${cuts++}`)
        run('cp', '--reflink=always', image, copy)
        return look => {
          // Filesystems of one identity are not mounted at a time, but where that is asked for.
          run('mount', '-o', kind === 'xfs' ? 'loop,nouuid' : 'loop', copy, after)
          try {
            look(after)
          } finally {
            run('umount', after)
            rmSync(copy)
          }
        }
      },
    })
  } finally {
    unmountBelow(room)
    warden.dismiss()
  }
}

function makeImage(kind: Journalled, image: string, mib: number): void {
  writeFileSync(image, '')
  truncateSync(image, mib * 2 ** 20)
  run(`mkfs.${kind}`, '-q', image)
}
