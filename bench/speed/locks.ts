// What is measured of the cell and of what stands on it, with nobody else about. For several at a time see ./contended.ts.

import fs from 'node:fs'
import { join } from 'node:path'
import { cell, lock, type State, updateFile, withLock } from 'holdfast'
import properLockfile from 'proper-lockfile'
import writeFileAtomic from 'write-file-atomic'
import type { Contest } from './names.js'

const swaps = 100
const json = JSON.stringify({ some: 'settings', count: 1, list: Array.from({ length: 40 }, (_, at) => `entry ${at}`) })
/** Theirs looks for what stands behind the name, unless it is told that nothing does. */
const plain = { realpath: false } as const

export function locks(dir: string): Contest[] {
  const [ours, theirs] = [join(dir, 'ours'), join(dir, 'theirs')]
  const [read, changed] = [join(dir, 'read.json'), join(dir, 'changed.json')]
  for (const file of [read, changed]) fs.writeFileSync(file, json)
  const state = { now: cell.create.sync(join(dir, 'cell')) as State }
  fs.mkdirSync(join(dir, 'by-hand'))
  fs.writeFileSync(join(dir, 'by-hand/0'), '')
  const count = { now: 0 }
  const more = (old: unknown) => ({ ...(old as object), count: (old as { count: number }).count + 1 })
  return [
    {
      name: 'lock + release / proper-lockfile',
      target: 0.5,
      rival: async () => (await properLockfile.lock(theirs, plain))(),
      ours: async () => (await lock(ours)).release(),
    },
    {
      name: 'withLock / proper-lockfile',
      rival: async () => (await properLockfile.lock(theirs, plain))(),
      ours: () => withLock(ours, () => {}),
    },
    {
      name: 'lock.sync + release / proper-lockfile',
      rival: () => properLockfile.lockSync(theirs, plain)(),
      ours: () => lock.sync(ours).release.sync(),
    },
    {
      name: 'updateFile / proper-lockfile, readFile, write-file-atomic',
      rival: async () => {
        const release = await properLockfile.lock(read, plain)
        const old = JSON.parse(await fs.promises.readFile(read, 'utf8'))
        await writeFileAtomic(read, JSON.stringify(more(old)))
        await release()
      },
      ours: () => updateFile(changed, more, { json: true }),
    },
    {
      name: `${swaps} x cell.swap.sync / rename by hand`,
      calls: 20,
      rival: () => {
        for (let i = 0; i < swaps; i++)
          fs.renameSync(join(dir, `by-hand/${count.now++}`), join(dir, `by-hand/${count.now}`))
      },
      ours: () => {
        for (let i = 0; i < swaps; i++)
          state.now = cell.swap.sync(join(dir, 'cell'), state.now, { fields: [`${i}`] }) as State
      },
    },
  ]
}
