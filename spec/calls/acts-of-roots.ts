// Functions of a root: each directory on the way is opened, and every one of these calls may fail, too.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Within, within } from 'holdfast'
import { type Act, type Form, inForm, patience } from './act.js'
import { newText, oldText } from './acts-of-files.js'

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
]
