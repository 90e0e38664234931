// Inode numbers are used again, on ext4 at once: a thing that got the number of one that is gone is not taken for that.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { emplace, getOrCreate, move } from 'holdfast'
import { type Call, driveSync, type Steps } from 'holdfast/steps'
import { sameInode, sameThing } from '../../lib/parts/identity.js'
import { isMoved } from '../../lib/parts/publish.js'
import { takeName } from '../../lib/parts/take-name.js'
import { through } from '../broken/interfere.js'
import { assert, everyPlace, holds, note, scratch } from '../support/kit.js'
import { type Kind, kinds, make, read } from '../support/planted.js'

const statsOf = (path: string) => lstatSync(path, { bigint: true })
const mostTries = 300

/** Removes what is at a path, and puts another thing there that has its number, if the filesystem does that. */
function replace(path: string, text: string, kind: Kind): boolean {
  const was = statsOf(path)
  rmSync(path, { recursive: true })
  const spare = `${path}-spare`
  const spares: string[] = []
  let isReused = false
  for (let tries = 0; tries < mostTries && !isReused; tries++) {
    const other = `${spare}-${tries}`
    make(other, text, kind)
    isReused = statsOf(other).ino === was.ino
    if (isReused || tries === mostTries - 1) renameSync(other, path)
    else spares.push(other)
  }
  for (const other of spares) rmSync(other, { recursive: true })
  return isReused
}

/** On which of the filesystems a thing of this kind gets the number of one that is gone: on xfs often, on ext4 always. */
const reusing = (kind: Kind) =>
  everyPlace.filter(({ dir }) => {
    const path = join(scratch(dir), 'thing')
    make(path, 'first', kind)
    return replace(path, 'another', kind)
  })

holds('numbers are used again, and the time of birth tells the two things apart', () => {
  for (const kind of kinds) {
    const places = reusing(kind)
    note(`a ${kind}: ${places.map(place => place.kind).join(', ') || 'nowhere'}`)
    for (const { dir, kind: filesystem } of places) {
      const path = join(scratch(dir), 'thing')
      make(path, 'first', kind)
      const was = statsOf(path)
      if (!replace(path, 'another', kind)) continue
      const there = statsOf(path)
      assert.equal([sameInode(was, there), sameThing(was, there)], [true, false], `${kind} on ${filesystem}`)
    }
  }
  const onDisk = everyPlace.some(({ kind }) => kind === 'ext4')
  // Another program may get a number first.
  const isSeen = () => reusing('file').some(({ kind }) => kind === 'ext4')
  if (onDisk) assert.ok(Array.from({ length: 20 }).some(isSeen), 'ext4 does so')
})

holds('one thing stays one, whatever is done to it', () => {
  for (const { dir: place, kind: filesystem } of everyPlace)
    for (const kind of kinds) {
      const dir = scratch(place)
      const [path, other] = [join(dir, 'thing'), join(dir, 'other')]
      make(path, 'first', kind)
      const was = statsOf(path)
      const changes = [
        () => chmodSync(path, 0o700),
        () => utimesSync(path, 1, 1),
        () => make(kind === 'directory' ? join(path, 'more') : path, 'more', 'file'),
      ]
      for (const change of kind === 'link' ? [] : changes) {
        change()
        assert.ok(sameThing(was, statsOf(path)), `${kind} on ${filesystem}: ${change}`)
      }
      renameSync(path, other)
      assert.ok(sameThing(was, statsOf(other)), `${kind} on ${filesystem}: renamed`)
    }
})

/** Runs steps, and before the first call that `is` it, replaces what is at a path. Returns whether the number was used again. */
function replacing<T>(steps: Steps<T>, is: (call: Call) => boolean, path: string, kind: Kind) {
  let isReused: boolean | undefined
  const see = (call: Call): Call => {
    if (isReused === undefined && is(call)) isReused = replace(path, 'a stranger', kind)
    return call
  }
  try {
    return { value: driveSync(through(steps, see)), isReused }
  } catch (error) {
    return { error, isReused }
  }
}

/** Moves a thing to another device, and replaces its source as soon as the copy has the target's name; was its number used again? */
function moveReplaced(act: 'move' | 'emplace', kind: Kind, place: string, there: string): boolean {
  const [from, to] = [join(scratch(place), 'source'), join(scratch(there), 'target')]
  make(from, 'ours', kind)
  const steps = act === 'move' ? move.steps(from, to) : emplace.steps(from, to)
  let isPlaced = false
  const seen = replacing(
    steps,
    ({ op, args }) => {
      const wasPlaced = isPlaced
      isPlaced ||= (op === 'rename' || op === 'link') && args[1] === to && args[0] !== from
      return wasPlaced
    },
    from,
    kind,
  )
  assert.is(read(from), 'a stranger', `${act} of a ${kind}: ${seen.error}`)
  assert.is(read(to), 'ours')
  return seen.isReused === true
}

const apart = everyPlace.filter(({ dir }) => statsOf(dir).dev !== statsOf(everyPlace[0]?.dir as string).dev)[0]

for (const kind of kinds)
  if (!apart) holds.skip(`a ${kind} across devices`, 'there is one device only')
  else
    holds(`across devices: a ${kind} that got the number of the source is not taken for it`, () => {
      for (const { dir: place, kind: filesystem } of reusing(kind))
        for (const act of ['move', 'emplace'] as const) {
          const there = place === apart.dir ? (everyPlace[0]?.dir as string) : apart.dir
          if (statsOf(there).dev === statsOf(place).dev) continue
          if (act === 'emplace' && kind === 'directory') continue
          let isReused = false
          // Another program may get the number first.
          for (let turn = 0; turn < (filesystem === 'ext4' ? 20 : 1) && !isReused; turn++)
            isReused = moveReplaced(act, kind, place, there)
          if (filesystem === 'ext4') assert.ok(isReused, `${act} of a ${kind}: the number was not used again`)
        }
    })

holds('a name is taken from the thing only, and a rename that failed is not taken for done', () => {
  for (const kind of kinds)
    for (const { dir: place } of reusing(kind)) {
      const dir = scratch(place)
      const [from, to] = [join(dir, 'from'), join(dir, 'to')]
      make(from, 'ours', kind)
      const was = statsOf(from)
      if (!replace(from, 'a stranger', kind)) continue
      assert.is(driveSync(takeName(from, was, { as: 'spec', path: from })), false)
      assert.is(read(from), 'a stranger')
      renameSync(from, to)
      assert.is(driveSync(isMoved(from, to, was)), 'unknown')
    }
})

holds('with refresh, a new file with the number of the old one is one that another call has made', () => {
  for (const { dir: place } of reusing('file')) {
    const file = join(scratch(place), 'file')
    writeFileSync(file, 'old')
    let isReused: boolean | undefined
    // Another call refreshes it, while this one waits for the lock.
    const see = (call: Call): Call => {
      if (isReused === undefined && call.op === 'mkdir') isReused = replace(file, 'fresh', 'file')
      return call
    }
    const got = driveSync(
      through(
        getOrCreate.steps(file, () => 'mine', { refresh: true }),
        see,
      ),
    )
    if (isReused) assert.equal([got.made, readFileSync(file, 'utf8')], [false, 'fresh'])
  }
})

const root = process.platform === 'linux' && process.getuid?.() === 0
const base = scratch()
const layers = ['lower', 'upper', 'work', 'merged'].map(name => join(base, name))
for (const layer of layers) mkdirSync(layer)
const [lower, upper, work, merged] = layers as [string, string, string, string]
for (const name of ['file', 'other', 'link']) writeFileSync(join(lower, name), 'text')
unlinkSync(join(lower, 'link'))
symlinkSync('nowhere', join(lower, 'link'))
const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
if (!root || spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]).status !== 0)
  holds.skip('on overlayfs', 'it takes root on Linux, and the right to mount')
else {
  process.prependListener('exit', () => void spawnSync('umount', [merged]))
  holds('on overlayfs a file of a lower layer stays one thing when it is copied up', () => {
    for (const name of ['file', 'link']) {
      const path = join(merged, name)
      const was = statsOf(path)
      renameSync(path, `${path}-renamed`)
      const now = statsOf(`${path}-renamed`)
      note(`${name}: born ${now.birthtimeNs === was.birthtimeNs ? 'at the same time' : 'anew'}`)
      assert.ok(sameThing(was, now), name)
      assert.is(driveSync(takeName(`${path}-renamed`, was, { as: 'spec', path })), true)
    }
    const other = join(merged, 'other')
    assert.is(move.sync(other, join(scratch(apart?.dir), 'target')), true)
    assert.is(lstatSync(other, { throwIfNoEntry: false }), undefined)
  })
}
