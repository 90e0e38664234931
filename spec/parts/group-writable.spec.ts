// In a directory of another user, or that a group may write and that has no sticky bit, that user or another member takes
// a directory of this call away at any moment, and puts one of a third user at its name: that keeps all that is in it, its
// owner and its mode.

import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { copy, emptyDir, getOrCreate, lock, move, probe, remove, sweep } from 'holdfast'
import { drive, driveSync, isSystemError, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { whileAttacked } from '../support/attacker.js'
import { assert, canBeAnother, holds, memory, note, places, raced, scratch, sized, userId } from '../support/kit.js'

const third = 1234
const disk = places[0]?.dir as string
const across = places.length > 1 ? memory : undefined

interface Ground {
  /** Root's, and the group may write it. */
  readonly dir: string
  /** The third user's directory: another member of the group may rename it, but not delete what is below. */
  readonly theirs: string
  readonly ino: bigint
  /** A tree of the attacker's, on another device if there is one. */
  readonly source: string
}

/** Who may rename what is in the directory: all members of a group, or the attacker, who owns it. */
type Right = 'group' | 'owner'

function layGround(right: Right = 'group'): Ground {
  const top = scratch(disk)
  chmodSync(top, 0o755)
  const [dir, held] = [join(top, 'shared'), join(top, 'held')]
  for (const one of [dir, held]) {
    mkdirSync(one)
    chownSync(one, 0, userId)
    chmodSync(one, 0o770)
  }
  if (right === 'owner') chownSync(dir, userId, userId)
  if (right === 'owner') chmodSync(dir, 0o755)
  const theirs = join(held, 'theirs')
  mkdirSync(join(theirs, 'deep'), { recursive: true })
  writeFileSync(join(theirs, 'deep/file'), 'theirs')
  for (const name of ['', 'deep', 'deep/file']) chownSync(join(theirs, name), third, userId)
  chmodSync(theirs, 0o770)
  chmodSync(join(theirs, 'deep'), 0o700)
  const source = join(scratch(across), 'source')
  layTree(source)
  for (const name of ['', 'sub', 'sub/file']) chownSync(join(source, name), userId, userId)
  for (const name of ['', 'sub']) chmodSync(join(source, name), 0o777)
  return { dir, theirs, ino: lstatSync(theirs, { bigint: true }).ino, source }
}

function layTree(at: string): void {
  mkdirSync(join(at, 'sub'), { recursive: true })
  writeFileSync(join(at, 'sub/file'), 'x')
}

function layTrees(dir: string, ...names: string[]): void {
  for (const name of names) layTree(join(dir, name))
}

/** As the attacker: a member of the group that is neither root nor the third user. */
function asAttacker(work: () => void): void {
  process.setegid?.(userId)
  process.seteuid?.(userId)
  try {
    work()
  } catch (error) {
    // What is not the attacker's to rename stays.
    if (!isSystemError(error)) throw error
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

/** Where the third user's directory is now. */
function find(dir: string, ino: bigint): string | undefined {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (!entry.isDirectory()) continue
    if (lstatSync(path, { bigint: true }).ino === ino && existsSync(join(path, 'deep'))) return path
    const below = find(path, ino)
    if (below) return below
  }
  return undefined
}

interface Act {
  /** What the attacker takes away. */
  readonly takes: RegExp
  /** The attacker comes before one of so many calls. @default 1 */
  readonly every?: number
  lay?(ground: Ground): void
  steps(ground: Ground): Steps<unknown>
}

const privateName = /^\..*\.holdfast$/
const dead = '.old.gone-0-0.0123456789abcdef.holdfast'
const failing = (stage: string): never => {
  layTree(join(stage, 'tree'))
  throw new Error('the producer has failed')
}

const acts: Record<string, Act> = {
  remove: {
    takes: privateName,
    lay: ({ dir }) => layTree(join(dir, 'tree')),
    steps: ({ dir }) => remove.steps(join(dir, 'tree'), { retryFor: 0 }),
  },
  emptyDir: {
    takes: privateName,
    lay: ({ dir }) => layTrees(dir, 'one', 'two'),
    steps: ({ dir }) => emptyDir.steps(dir, { retryFor: 0 }),
  },
  sweep: {
    takes: privateName,
    lay: ({ dir }) => layTree(join(dir, dead)),
    steps: ({ dir }) => sweep.steps(dir, { grace: 0 }),
  },
  'getOrCreate of a directory, which fails': {
    takes: privateName,
    steps: ({ dir }) => getOrCreate.steps(join(dir, 'new'), failing, { kind: 'directory' }),
  },
  'getOrCreate of a file, whose function makes a directory': {
    takes: privateName,
    steps: ({ dir }) => getOrCreate.steps(join(dir, 'new'), layTree),
  },
  'getOrCreate, which replaces a directory': {
    takes: privateName,
    lay: ({ dir }) => layTree(join(dir, 'old')),
    steps: ({ dir }) =>
      getOrCreate.steps(join(dir, 'old'), stage => layTree(join(stage, 'tree')), { kind: 'directory', refresh: true }),
  },
  copy: {
    takes: /^new$/,
    steps: ({ dir, source }) => copy.steps(source, join(dir, 'new'), { preserveTimestamps: true }),
  },
  'copy of names that differ in case only': {
    takes: privateName,
    lay({ source }) {
      for (const name of ['name', 'NAME']) writeFileSync(join(source, name), name)
    },
    steps: ({ dir, source }) => copy.steps(source, dir),
  },
  'move, which replaces a directory': {
    takes: privateName,
    lay: ({ dir }) => layTrees(dir, 'from', 'to'),
    steps: ({ dir }) => move.steps(join(dir, 'from'), join(dir, 'to'), { overwrite: 'with-gap' }),
  },
  lock: { takes: privateName, steps: ({ dir }) => lock.steps(join(dir, 'new')) },
  probe: { takes: privateName, every: 23, steps: ({ dir }) => probe.steps(dir) },
  ...(across && {
    'move to another device': {
      takes: privateName,
      steps: ({ dir, source }) => move.steps(source, join(dir, 'new')),
    },
    'move to a name on another device that is taken': {
      takes: privateName,
      lay: ({ dir }) => layTree(join(dir, 'new')),
      steps: ({ dir, source }) => move.steps(source, join(dir, 'new')),
    },
    'move from another device': {
      takes: privateName,
      lay: ({ dir }) => layTree(join(dir, 'from')),
      steps: ({ dir, source }) => move.steps(join(dir, 'from'), join(source, 'to')),
    },
  }),
}

/** Before the k-th call, the attacker puts the third user's directory at the name of one that it takes away. */
function run(act: Act, k: number, right: Right): { ground: Ground; isSwapped: boolean; calls: number } {
  const ground = layGround(right)
  const { dir, theirs } = ground
  act.lay?.(ground)
  let calls = 0
  const swap = (): void => {
    const name = readdirSync(dir).find(one => act.takes.test(one) && lstatSync(join(dir, one)).isDirectory())
    if (name === undefined) return
    asAttacker(() => {
      renameSync(join(dir, name), join(dir, 'taken'))
      renameSync(theirs, join(dir, name))
    })
  }
  try {
    driveSync(
      through(act.steps(ground), call => {
        if (calls++ === k) swap()
        return call
      }),
    )
  } catch {
    // The attacker may make a call fail: that is no harm.
  }
  return { ground, isSwapped: !existsSync(theirs), calls }
}

if (!canBeAnother())
  holds.skip('a directory that a group may write', 'it takes root, and a checkout that others may read')
else
  for (const [name, act] of Object.entries(acts))
    for (const right of ['group', 'owner'] as const)
      holds(
        `${name}, beside its ${right}: a third user’s directory that is put in the place of ours stays as it is`,
        () => {
          let swaps = 0
          for (let k = 0; ; k += act.every ?? (right === 'group' ? 1 : 2)) {
            const { ground, isSwapped, calls } = run(act, k, right)
            if (isSwapped) swaps++
            const where = `before call ${k}`
            const at = find(join(ground.dir, '..'), ground.ino)
            assert.ok(at, `${where}: it is gone, or empty`)
            const { uid, gid, mode } = statSync(at as string)
            assert.equal([uid, gid, (mode & 0o7777).toString(8)], [third, userId, '770'], where)
            assert.is(readFileSync(join(at as string, 'deep/file'), 'utf8'), 'theirs', where)
            if (calls <= k) break
          }
          note(`swapped ${swaps} times`)
          assert.ok(swaps > 0, 'never swapped')
        },
      )

/** One turn of an attacker that does the same with what a call makes, as soon as `victim` is there to be put in its place. */
const attack = `
  for (const name of existsSync(victim) && tried(() => names = readdirSync(dir)) ? names : []) {
    if (!/^new$|holdfast$/.test(name)) continue
    if (!tried(() => renameSync(dir + '/' + name, dir + '/taken-' + swaps + '-' + Math.random()))) continue
    if (tried(() => renameSync(victim, dir + '/' + name))) swaps++
  }`

/** What is the third user's stays as it is, wherever it is. Brings it back. */
function harmOf({ dir, theirs, ino }: Ground): string | undefined {
  let at: string | undefined
  // The attacker may be moving it at this moment.
  for (let tries = 0; tries < 1000 && !at; tries++) {
    try {
      at = find(join(dir, '..'), ino)
    } catch (error) {
      if (!isSystemError(error)) throw error
    }
  }
  if (!at) return 'it is gone, or empty'
  try {
    if (at !== theirs) renameSync(at, theirs)
    const { uid, gid, mode } = lstatSync(theirs)
    return uid === third && gid === userId && (mode & 0o777) === 0o770 ? undefined : `${uid}:${gid} ${mode.toString(8)}`
  } catch (error) {
    if (!isSystemError(error)) throw error
    return undefined
  }
}

/** Makes a directory at a private name, fills it, and deletes it by that name, as a clean-up does. */
function makeAndDelete(dir: string): void {
  const stage = join(dir, '.new.naive.holdfast')
  mkdirSync(stage)
  layTree(stage)
  rmSync(stage, { recursive: true, force: true })
}

/** Works beside the attacker, until something comes to harm. */
async function beside(ms: number, work: (ground: Ground, turn: number) => unknown) {
  const ground = layGround()
  const { dir, theirs } = ground
  const harmed = new Error('harmed')
  let harm: string | undefined
  let turns = 0
  const workOnce = async (turn: number): Promise<void> => {
    turns = turn
    try {
      await work(ground, turn)
    } catch {
      // The attacker may make a call fail.
    }
    harm = harmOf(ground)
    if (harm !== undefined) throw harmed
    for (const name of readdirSync(dir)) clearAway(join(dir, name), ground)
  }
  try {
    const { swaps } = await whileAttacked({ dir, victim: theirs, attack: `let names\n${attack}`, ms }, workOnce)
    return { swaps, turns, harm }
  } catch (error) {
    if (error !== harmed) throw error
    return { swaps: undefined, turns, harm }
  }
}

/** Unless that is what the attacker has brought there meanwhile. */
function clearAway(path: string, { ino }: Ground): void {
  try {
    if (lstatSync(path, { bigint: true }).ino === ino) return
    // Moved out of the attacker's reach first.
    const safe = join(scratch(disk), 'away')
    renameSync(path, safe)
    if (lstatSync(safe, { bigint: true }).ino === ino) renameSync(safe, path)
    else rmSync(safe, { recursive: true, force: true })
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
}

if (!canBeAnother()) raced.skip('an attacker in a directory that a group may write', 'it takes root')
else {
  raced(
    'beside an attacker in a directory that a group may write, nothing happens to a third user’s directory',
    async () => {
      const calls = Object.values(acts).filter(({ every }) => every === undefined)
      const { turns, swaps, harm } = await beside(sized(4000, 60_000), (ground, turn) => {
        const act = calls[turn % calls.length] as Act
        act.lay?.(ground)
        return drive(act.steps(ground))
      })
      note(`${swaps} swaps in ${turns} calls`)
      assert.is(harm, undefined)
      assert.ok(swaps !== undefined && swaps > sized(10, 500), `${swaps} swaps in ${turns} calls`)
    },
  )

  raced('the attacker makes a clean-up by name delete a third user’s directory', async () => {
    const { turns, harm } = await beside(sized(20_000, 60_000), ({ dir }) => makeAndDelete(dir))
    note(`${harm}, after ${turns} calls`)
    assert.is.not(harm, undefined)
  })
}
