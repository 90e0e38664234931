// One directory mounted at two places, as on two machines: each sees what the other has done at once, and its replies get
// lost. The filesystem is one of our own in FUSE, so it needs root on Linux, and nothing else.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratch } from './kit.js'
import { startWarden, unmountBelow } from './mounts.js'

export interface TwoMounts {
  /** The directory itself, where no reply is lost. */
  readonly behind: string
  readonly points: readonly [string, string]
  /** Where these three are. */
  readonly room: string
  /** From now on each so many-th change loses its reply; 0: none does. Returns how many have been lost so far. */
  loseEvery(changes: number): Promise<number>
}

/** Why it cannot be mounted here; '' if it can be. */
export function noFuse(): string {
  if (process.platform !== 'linux') return 'it takes Linux'
  if (process.getuid?.() !== 0) return 'it takes root'
  return existsSync('/dev/fuse') ? '' : 'there is no /dev/fuse'
}

/** The mount that a process of this number uses. */
export const pointOf = (room: string, number: number): string => join(room, mountNames[number % 2] as string)
const mountNames = ['one', 'two'] as const

const server = fileURLToPath(new URL('./fuse/server.js', import.meta.url))

/** Runs the test with a directory that is mounted twice. */
export async function onTwoMounts(test: (mounts: TwoMounts) => Promise<void>): Promise<void> {
  const room = scratch()
  const behind = join(room, 'behind')
  const points = mountNames.map(name => join(room, name))
  for (const dir of [behind, ...points]) mkdirSync(dir)
  const warden = startWarden(points)
  const servers: ChildProcess[] = []
  try {
    for (const point of points) servers.push(await mounted(behind, point))
    await test({
      behind,
      room,
      points: points as [string, string],
      async loseEvery(every) {
        const lost = await Promise.all(servers.map(one => asked(one, { every })))
        return lost.reduce((sum, one) => sum + one, 0)
      },
    })
  } finally {
    unmountBelow(room)
    for (const one of servers) one.kill('SIGKILL')
    warden.dismiss()
  }
}

async function asked(one: ChildProcess, wish: { readonly every: number }): Promise<number> {
  one.send(wish)
  const [lost] = await once(one, 'message')
  return lost
}

async function mounted(behind: string, point: string): Promise<ChildProcess> {
  const child = fork(server, [behind, point])
  const [said] = await once(child, 'message')
  if (said !== 'mounted') throw new Error(said)
  return child
}
