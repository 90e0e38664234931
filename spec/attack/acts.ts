// What the victim does, each call beside the attacker; and the ways of doing it that go wrong.

import { existsSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copy, emptyDir, move, remove, sweep, writeFile } from 'holdfast'
import { copyInPlace, copyThenRemove, removeInPlace } from '../broken/broken.js'
import { attacker, type Ground, layTree, type Owner } from './ground.js'

export interface Act {
  readonly name: string
  /** The name of the tree that the attacker's own directory is to have. */
  readonly tree?: string
  /** Whose that directory is. */
  readonly owners: readonly Owner[]
  /** The attacker plants links at these names as soon as they are free, instead of swapping names in a tree. */
  readonly plants?: readonly string[]
  /** What is there from the last call is removed first. */
  readonly clears?: true
  /** The tree goes to another device, or comes from there. */
  readonly isAcross?: true
  run(ground: Ground, round: number): unknown
}

const owners: readonly Owner[] = ['user', 'sticky']
const patience = { retryFor: 20 }
const tree = 'tree'

/** A private name, which `sweep` removes. */
const debris = '.old.gone-0-0.0123456789abcdef.holdfast'

/** Takes what is the attacker's to where the attacker is not. */
const taking =
  (work: (from: string, to: string, round: number) => unknown): Act['run'] =>
  ({ own, safe }, round) =>
    work(join(own, tree), join(safe, 'target'), round)

/** Brings what is out of the attacker's reach into the attacker's directory. */
const giving =
  (work: (from: string, to: string, round: number) => unknown): Act['run'] =>
  async ({ own, safe }, round) => {
    const source = join(safe, 'source')
    if (!existsSync(source)) layTree(source, attacker, 'new')
    await work(source, join(own, tree), round)
  }

const plants = ['f0', 'f1', 'f2', 'f3']
const writing =
  (write: (path: string, round: number) => unknown): Act['run'] =>
  async ({ own }, round) => {
    const path = join(own, plants[round % plants.length] as string)
    try {
      await write(path, round)
    } finally {
      rmSync(path, { force: true })
    }
  }

const copyTo = (from: string, to: string, round: number) => {
  const options = { ...patience, preserveTimestamps: round % 4 > 1 }
  return round % 2 ? copy.sync(from, to, options) : copy(from, to, options)
}
const moveTo = (from: string, to: string, round: number) => {
  const options = { ...patience, durability: 'none' } as const
  return round % 2 ? move.sync(from, to, options) : move(from, to, options)
}

export const acts: readonly Act[] = [
  {
    name: 'remove',
    ...{ tree, owners },
    run: ({ own }, round) => (round % 2 ? remove.sync : remove)(join(own, tree), patience),
  },
  {
    name: 'emptyDir',
    ...{ tree, owners },
    run: ({ own }, round) => (round % 2 ? emptyDir.sync : emptyDir)(own, patience),
  },
  {
    name: 'sweep',
    ...{ tree: debris, owners },
    run: ({ own }, round) => (round % 2 ? sweep.sync : sweep)(own, { ...patience, grace: 0 }),
  },
  {
    name: 'sweep, recursively',
    ...{ tree, owners },
    run: async ({ own }, round) => {
      try {
        await (round % 2 ? sweep.sync : sweep)(own, { ...patience, grace: 0, recursive: true })
      } finally {
        remove.sync(join(own, tree), patience)
      }
    },
  },
  { name: 'copy of the attacker\u2019s tree', ...{ tree, owners }, run: taking(copyTo) },
  { name: 'copy over the attacker\u2019s tree', ...{ tree, owners, clears: true }, run: giving(copyTo) },
  {
    name: 'move of the attacker\u2019s tree to another device',
    ...{ tree, owners, isAcross: true },
    run: taking(moveTo),
  },
  {
    name: 'move to the attacker\u2019s directory on another device',
    ...{ owners, clears: true, isAcross: true },
    run: giving(moveTo),
  },
  {
    // In a directory of the attacker's own, a link is the attacker's to make: as in the shell, it is followed.
    name: 'writeFile',
    ...{ plants, owners: ['sticky'] },
    run: writing((path, round) => (round % 2 ? writeFile.sync : writeFile)(path, 'new', { durability: 'none' })),
  },
]

/** Follows a link in user space, and then replaces what it leads to: as packages for atomic writes do. */
function writeWhereItLeads(path: string): void {
  let at = path
  try {
    at = readlinkSync(path)
  } catch {}
  writeFileSync(`${at}.tmp`, 'new')
  renameSync(`${at}.tmp`, at)
}

/** The same by path: the attacker makes each of them harm what is outside. */
export const brokenActs: readonly Act[] = [
  {
    name: 'a deletion by path',
    ...{ tree, owners: ['user'] },
    run: ({ own }) => removeInPlace.sync(join(own, tree)),
  },
  {
    name: 'a copy by path of the attacker\u2019s tree',
    ...{ tree, owners: ['user'] },
    run: taking((from, to) => copyInPlace.sync(from, to)),
  },
  {
    name: 'a copy by path over the attacker\u2019s tree',
    ...{ tree, owners: ['user'], clears: true },
    run: giving((from, to) => copyInPlace.sync(from, to)),
  },
  {
    name: 'a move by path to another device',
    ...{ tree, owners: ['user'], isAcross: true },
    run: taking((from, to) => copyThenRemove.sync(from, to)),
  },
  {
    name: 'a write that follows links in user space',
    ...{ plants, owners: ['sticky'] },
    run: writing(writeWhereItLeads),
  },
]
