// Functions of a root: each directory on the way is opened, and every one of these calls may fail, too.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lock, type Within, within } from 'holdfast'
import { type Act, type Form, inForm, patience } from './act.js'
import { newText, oldText } from './acts-of-files.js'
import { documented, work } from './acts-of-locks.js'

function inRoot(dir: string, form: Form, use: (root: Within) => unknown): unknown {
  if (form === 'promise') return within(dir, patience).then(root => closing(root, async () => use(root)))
  const root = within.sync(dir, patience)
  try {
    return use(root)
  } finally {
    root.close()
  }
}

async function closing(root: Within, use: () => Promise<unknown>): Promise<unknown> {
  try {
    return await use()
  } finally {
    root.close()
  }
}

function plantBelow(dir: string): void {
  mkdirSync(join(dir, 'sub'))
  writeFileSync(join(dir, 'sub/file'), oldText)
}

export const actsOfRoots: readonly Act[] = [
  {
    name: 'within-writeFile',
    plant: plantBelow,
    call: (dir, form) =>
      inRoot(dir, form, root =>
        inForm(root.writeFile, form)('sub/file', newText, { ...patience, durability: 'full', parents: true }),
      ),
    becomes: { sub: '/', 'sub/file': newText },
    returns: [undefined],
  },
  {
    name: 'within-remove-tree',
    plant(dir) {
      plantBelow(dir)
      for (const name of ['sub/tree', 'sub/tree/in']) {
        mkdirSync(join(dir, name))
        writeFileSync(join(dir, name, 'file'), newText)
      }
    },
    call: (dir, form) => inRoot(dir, form, root => inForm(root.remove, form)('sub/tree', patience)),
    becomes: { sub: '/', 'sub/file': oldText },
    piecewise: true,
    returns: [true, false],
  },
  {
    name: 'within-lock',
    plant: plantBelow,
    call: (dir, form) =>
      inRoot(dir, form, root =>
        form === 'sync'
          ? root.lock.sync('sub/file', patience).release.sync()
          : root.lock('sub/file', patience).then(lease => lease.release()),
      ),
    becomes: { sub: '/', 'sub/file': oldText },
    documented,
    // A lease can be released again later.
    keepsOpen: true,
  },
  {
    name: 'within-withLock',
    plant(dir) {
      plantBelow(dir)
      lock.sync(join(dir, 'sub/file')).release.sync()
    },
    call: (dir, form) =>
      inRoot(dir, form, root => inForm(root.withLock, form)('sub/file', work(form), { ...patience, heartbeat: 2 })),
    becomes: { sub: '/', 'sub/file': oldText },
    returns: ['done'],
    documented,
    // Heartbeats come when they come.
    varies: true,
    repeats: true,
  },
  {
    name: 'within-updateFile',
    plant: plantBelow,
    call: (dir, form) =>
      inRoot(dir, form, root =>
        inForm(root.updateFile, form)('sub/file', (old: string | undefined) => old && newText, patience),
      ),
    becomes: { sub: '/', 'sub/file': newText },
    documented,
  },
  {
    name: 'within-getOrCreate',
    plant: plantBelow,
    call: (dir, form) =>
      inRoot(dir, form, root =>
        inForm(root.getOrCreate, form)('sub/made', () => newText, { ...patience, durability: 'full' }),
      ),
    becomes: { sub: '/', 'sub/file': oldText, 'sub/made': newText },
    documented: [...documented, 'ERR_NO_HARD_LINKS'],
  },
]
