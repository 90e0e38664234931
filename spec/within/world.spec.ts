// Every schedule of calls of two processes, each with a root of its own in one directory, and an adversary that puts a link
// out in the place of a directory on their way, and the directory back.

import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Within, within } from 'holdfast'
import { fs, type Steps } from 'holdfast/steps'
import type { Ending, World } from 'holdfast/testing'
import { assert, caught, explored, prove, proveLarge } from '../support/kit.js'
import { naive } from './naive.js'

/** Where a remover and a maker retry, their schedules have no end. */
const brief = { retryFor: 0 }

/** The explorer closes what its players have left open. A finalizer of a root would close another file of that number. */
const kept: Within[] = []

function* inRoot(dir: string, use: (root: Within) => Steps<unknown>): Steps<unknown> {
  const root = yield* within.steps(join(dir, 'root'))
  kept.push(root)
  return yield* use(root)
}

function layOut(dir: string): void {
  for (const top of ['root', 'outside']) {
    mkdirSync(join(dir, top, 'a/b/tree'), { recursive: true })
    for (const file of ['f', 'tree/x']) writeFileSync(join(dir, top, 'a/b', file), top)
  }
}

/** It may come too late, or find what was made in the place meanwhile: then it goes on with the next call. */
function* swapping(dir: string): Steps<void> {
  const [at, aside] = [join(dir, 'root/a/b'), join(dir, 'aside')]
  const calls = [
    () => fs.rename(at, aside),
    () => fs.symlink('../../outside/a/b', at),
    () => fs.unlink(at),
    () => fs.rename(aside, at),
  ]
  for (const call of calls)
    try {
      yield* call()
    } catch {}
}

const outside = ['a', 'a/b', 'a/b/f', 'a/b/tree', 'a/b/tree/x']

/** Nothing outside was made, removed or written, nor had its mode or its links changed. */
function assertUntouched({ dir, outcomes }: Ending): void {
  const top = join(dir, 'outside')
  assert.equal(readdirSync(top, { recursive: true }).sort(), outside, 'names outside')
  for (const name of outside) {
    const there = lstatSync(join(top, name))
    assert.ok(there.isDirectory() || readFileSync(join(top, name), 'utf8') === 'outside', `${name} was written`)
    assert.ok(there.isDirectory() || there.nlink === 1, `${name} has another name`)
  }
  assert.not.equal((outcomes.A as { value?: unknown }).value, 'outside', 'what is outside was read')
  // A call may be refused, or find nothing; what it throws is never something else.
  for (const [name, outcome] of Object.entries(outcomes))
    if (outcome.how === 'threw') {
      const { code } = outcome.error as NodeJS.ErrnoException
      assert.ok(['ERR_OUTSIDE_ROOT', 'ENOENT', 'ENOTEMPTY'].includes(String(code)), `${name}: ${outcome.error}`)
    }
}

const world = (players: World['players']): World => ({
  setup: layOut,
  players,
  adversaries: dir => ({ swapper: swapping(dir) }),
  check: assertUntouched,
})

if (process.platform !== 'linux') explored.skip('two roots and links out', 'only Linux looks up names by a descriptor')
else {
  const one: Readonly<Record<string, (root: Within) => Steps<unknown>>> = {
    writeFile: root => root.writeFile.steps('a/b/f', 'new', { durability: 'full' }),
    mkdirp: root => root.mkdirp.steps('a/b/new/er'),
    'remove of a tree': root => root.remove.steps('a/b/tree'),
    readFile: root => root.readFile.steps('a/b/f', { encoding: 'utf8' }),
  }
  for (const [name, steps] of Object.entries(one))
    explored(`explore: ${name} below a root, beside an adversary that swaps a directory for a link out`, () => {
      const found = prove(
        `${name} below a root`,
        world(dir => ({ A: inRoot(dir, steps) })),
      )
      assert.ok(found.complete)
    })

  explored('explore: writeFile and remove below a root, beside the same adversary', () => {
    const two = (dir: string) => ({
      A: inRoot(dir, root => root.writeFile.steps('a/b/f', 'new', { durability: 'none' })),
      B: inRoot(dir, root => root.remove.steps('a/b/f')),
    })
    proveLarge('1 writeFile, 1 remove below a root', world(two), 2)
  })

  explored('explore: mkdirp and remove of a tree below a root, beside the same adversary', () => {
    const two = (dir: string) => ({
      A: inRoot(dir, root => root.mkdirp.steps('a/b/tree/new', brief)),
      B: inRoot(dir, root => root.remove.steps('a/b/tree', brief)),
    })
    proveLarge('1 mkdirp, 1 remove of a tree below a root', world(two), 1)
  })

  for (const name of ['writeFile', 'mkdirp', 'remove'])
    explored(`explore catches: ${name} by a path that was resolved and compared before`, () => {
      const one = (dir: string) => ({ A: (naive[name] as (root: string) => Steps<unknown>)(join(dir, 'root')) })
      caught(`${name} by path`, /outside|was written|has another name/, world(one))
    })
}
