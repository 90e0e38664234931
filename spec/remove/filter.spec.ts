// `remove` with a filter: what stays, and in which order it is asked.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, normalize, relative } from 'node:path'
import { remove } from 'holdfast'
import { type Call, driveSync, fs, hasCode, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { through } from '../broken/interfere.js'
import { byPaths } from '../support/by-paths.js'
import { assert, caught, explored, holds, nobodyThrew, prove, scratch } from '../support/kit.js'

function layOut(): string {
  const tree = join(scratch(), 'tree')
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  mkdirSync(join(tree, 'c'))
  for (const name of ['f', 'a/g', 'a/b/h', 'c/i']) writeFileSync(join(tree, name), '')
  return tree
}

for (const form of ['promise', 'sync'] as const) {
  const call = (tree: string, filter: (path: string, kind: string) => boolean) =>
    form === 'sync' ? remove.sync(tree, { filter }) : remove(tree, { filter: async (...args) => filter(...args) })

  holds(
    `${form}: what the filter keeps stays, and so do the directories above it, which it is not asked about`,
    async () => {
      const tree = layOut()
      const asked: string[] = []
      const filter = (path: string, kind: string) => {
        asked.push(`${relative(tree, path)} ${kind}`)
        return !path.endsWith('h')
      }
      assert.is(await call(tree, filter), false)
      assert.equal((readdirSync(tree, { recursive: true }) as string[]).sort(), ['a', 'a/b', 'a/b/h'].map(normalize))
      assert.equal(asked.sort(), ['a/b/h file', 'a/g file', 'c directory', 'c/i file', 'f file'].map(normalize))
    },
  )

  holds(`${form}: all goes if all may, and the next call finds nothing`, async () => {
    const tree = layOut()
    assert.is(await call(tree, () => true), true)
    assert.is(await call(tree, () => true), false)
  })

  holds(`${form}: an error of the filter ends the call, also one like the system's`, async () => {
    const tree = layOut()
    const mine = Object.assign(new Error('mine'), { code: 'EAGAIN', errno: -11, syscall: 'mine' })
    let thrown: unknown
    try {
      await call(tree, () => {
        throw mine
      })
    } catch (error) {
      thrown = error
    }
    assert.is(thrown, mine)
  })
}

holds('what another call removes last of all is not said to be removed by this one', () => {
  const tree = layOut()
  let others: boolean | undefined
  const see = (call: Call): Call => {
    // All in it is gone, and nothing but the removal of the topmost is left.
    const goes = call.op === 'rmdir' || call.op === 'rename'
    if (goes && call.args[0] === tree && others === undefined) {
      others = false
      others = remove.sync(tree, { filter: () => true })
    }
    return call
  }
  assert.is(driveSync(through(remove.steps(tree, { filter: () => true }), see)), false)
  assert.is(others, true)
})

// ---- Schedules ----

const mayGo = (path: string): boolean => !path.endsWith('keep')

/** Makes a thing that is to be kept, in a directory that may be gone. */
function* maker(dir: string): Steps<boolean> {
  try {
    yield* fs.close(yield* fs.open(join(dir, 'tree/d/keep'), 'wx'))
    return true
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return false
  }
}

/** What is kept stays, also what came while the call was at work; and what may go is gone, but what is above that. */
const world = (removing: (tree: string) => Steps<unknown>): World => ({
  setup: dir => {
    mkdirSync(join(dir, 'tree/d'), { recursive: true })
    for (const name of ['keep', 'd/f']) writeFileSync(join(dir, 'tree', name), '')
  },
  players: dir => ({ A: removing(join(dir, 'tree')), B: removing(join(dir, 'tree')), maker: maker(dir) }),
  check: ending => {
    nobodyThrew(ending)
    const made = (ending.outcomes.maker as { value: unknown }).value === true
    const names = (readdirSync(ending.dir, { recursive: true }) as string[]).sort()
    assert.ok(existsSync(join(ending.dir, 'tree/keep')), 'what was to be kept is gone')
    assert.is(names.includes('tree/d/keep'), made, 'what came meanwhile is gone')
    assert.equal(names, ['tree', ...(made ? ['tree/d', 'tree/d/keep'] : []), 'tree/keep'])
    for (const name of ['A', 'B']) assert.is((ending.outcomes[name] as { value: unknown }).value, false)
  },
})

for (const [how, run] of [
  ['', (explore: () => void) => explore()],
  [', where directories are found by their paths', byPaths],
] as const)
  explored(`explore: two removers that keep some things, and one who makes such a thing meanwhile${how}`, () =>
    run(() => {
      const found = prove(
        `2 remove with a filter, 1 maker${how}`,
        world(tree => remove.steps(tree, { filter: mayGo })),
      )
      assert.ok(found.complete)
    }),
  )

/** As it is usually written: asks about all that is there, and then removes whole what may go. */
function* askThenRemove(tree: string): Steps<boolean> {
  for (const name of ['keep', 'd']) {
    const path = join(tree, name)
    const below = name === 'd' ? yield* namesIn(path) : []
    if (mayGo(path) && below.every(mayGo)) yield* remove.steps(path)
  }
  return false
}

function* namesIn(dir: string): Steps<string[]> {
  try {
    return yield* fs.readdir(dir)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return []
  }
}

explored('the same world catches: ask about all that is there, and then remove it whole', () => {
  caught('ask, then remove', /what came meanwhile is gone/, world(askThenRemove))
})
