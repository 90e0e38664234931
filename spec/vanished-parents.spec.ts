// With `parents`, a directory that another process removes in the middle of a call is made anew, whichever of its calls to the
// system comes next.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as holdfast from 'holdfast'
import { type Door, driveSync, type Steps } from 'holdfast/steps'
import { byPaths } from './support/by-paths.js'
import { assert, holds, memory, note, scratch } from './support/kit.js'
import { beforeEachCall } from './support/vanishing.js'
import { isWindows } from './windows/flavour.js'

type Functions = Pick<
  typeof holdfast,
  'mkdirp' | 'writeFile' | 'createExclusive' | 'copy' | 'move' | 'link' | 'emplace' | 'updateFile' | 'getOrCreate'
>

const parents = { durability: 'none', parents: true } as const

/** `at` is how a path below the root is said. */
const works: Readonly<Record<string, (all: Functions, at: (path: string) => string) => Steps<unknown>>> = {
  mkdirp: ({ mkdirp }, at) => mkdirp.steps(at('made/z/d')),
  writeFile: ({ writeFile }, at) => writeFile.steps(at('made/z/f'), 'x', parents),
  createExclusive: ({ createExclusive }, at) => createExclusive.steps(at('made/z/f'), 'x', parents),
  copy: ({ copy }, at) => copy.steps(at('d/f'), at('made/z/f'), parents),
  move: ({ move }, at) => move.steps(at('d/f'), at('made/z/f'), parents),
  'move with overwrite': ({ move }, at) => move.steps(at('d/f'), at('made/z/f'), { ...parents, overwrite: true }),
  'move of a directory': ({ move }, at) => move.steps(at('d'), at('made/z/d'), parents),
  link: ({ link }, at) => link.steps(at('d/f'), at('made/z/f'), parents),
  emplace: ({ emplace }, at) => emplace.steps(at('d/f'), at('made/z/f'), parents),
  updateFile: ({ updateFile }, at) => updateFile.steps(at('made/z/f'), () => 'x', parents),
  getOrCreate: ({ getOrCreate }, at) => getOrCreate.steps(at('made/z/f'), () => 'x', parents),
}

/** If the lock goes with its directory while it is held, it is lost. */
const isLockLost = (error: unknown): boolean =>
  ['ERR_LEASE_LOST', 'ERR_UNKNOWN_OUTCOME'].includes((error as NodeJS.ErrnoException).code ?? '')

type Run = (dir: string, work: (typeof works)[string], drive: (steps: Steps<unknown>) => void) => void

const plainly: Run = (dir, work, drive) => drive(work(holdfast, path => join(dir, path)))
const below: Run = (dir, work, drive) => {
  using root = holdfast.within.sync(dir)
  drive(work(root as unknown as Functions, path => path))
}
/** On Windows they are found so in any case. */
const ways: Readonly<Record<string, Run>> = {
  'by its path': plainly,
  'below a root': below,
  ...(!isWindows && {
    'below a root, where directories are found by path': (dir, work, drive) => byPaths(() => below(dir, work, drive)),
  }),
}

/** Lays the ground, and runs the work with the directory gone before one of its calls. */
function runWith(door: Door, dir: string, run: Run, name: string): void {
  mkdirSync(join(dir, 'd'), { recursive: true })
  mkdirSync(join(dir, 'made', 'z'), { recursive: true })
  writeFileSync(join(dir, 'd', 'f'), 'x')
  try {
    run(dir, works[name] as (typeof works)[string], steps => driveSync(steps, { door, retryFor: 2_000 }))
  } catch (error) {
    if (name !== 'updateFile' || !isLockLost(error)) throw error
  }
}

for (const [way, run] of Object.entries(ways))
  holds(`a directory found ${way} vanishes before each call, and is made anew`, () => {
    const top = scratch(memory)
    const counts = Object.keys(works).map(name => {
      const at = (k: number) => join(top, `${name}-${k}`)
      const calls = beforeEachCall(
        k => join(at(k), 'made'),
        (door, k) => runWith(door, at(k), run, name),
      )
      assert.ok(calls > 0, name)
      return `${name} ${calls}`
    })
    note(`${way}: ${counts.join(', ')}`)
  })
