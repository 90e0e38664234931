// What people usually write. Each of them must be found wrong, or the judge would find nothing.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { appendApart } from '../broken/append-lines.js'
import { removeThenRename } from '../broken/broken.js'
import { closeIgnored, lookInCallback, releaseOnce, writeInPlace } from '../broken/careless.js'
import { type Act, inForm, patience } from './act.js'
import { grownLog, newText, oldText, ownRecord, plantOld } from './acts-of-files.js'

const at = (dir: string, name: string): string => join(dir, name)
const becomes = { file: newText }

/** And what must be found out about it. */
export interface BrokenAct extends Act {
  readonly wrong: RegExp
}

export const brokenActs: readonly BrokenAct[] = [
  {
    name: 'broken-look-in-callback',
    plant: plantOld,
    // It has no sync form.
    call: dir => lookInCallback(at(dir, 'file'), newText),
    becomes,
    wrong: /uncaught/,
  },
  {
    name: 'broken-close-ignored',
    plant: plantOld,
    call: (dir, form) => inForm(closeIgnored, form)(at(dir, 'file'), newText),
    becomes,
    wrong: /torn/,
  },
  {
    name: 'broken-release-once',
    plant: plantOld,
    call: (dir, form) => inForm(releaseOnce, form)(at(dir, 'file'), patience),
    becomes: { file: oldText },
    wrong: /the next caller fails: .*held by/,
  },
  {
    name: 'broken-in-place',
    plant: plantOld,
    call: (dir, form) => inForm(writeInPlace, form)(at(dir, 'file'), newText),
    becomes,
    wrong: /torn/,
  },
  {
    name: 'broken-append-apart',
    plant: dir => writeFileSync(at(dir, 'some.log'), 'old\n'),
    call: (dir, form) => inForm(appendApart, form)(at(dir, 'some.log'), ownRecord()),
    ...grownLog,
    wrong: /the next caller leaves/,
  },
  {
    name: 'broken-remove-then-rename',
    plant(dir) {
      plantOld(dir)
      writeFileSync(at(dir, 'source'), newText)
    },
    call: (dir, form) => inForm(removeThenRename, form)(at(dir, 'source'), at(dir, 'file')),
    becomes,
    again: 'ENOENT',
    wrong: /absent/,
  },
]
