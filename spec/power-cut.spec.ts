// Real power cuts: the image of a mounted filesystem is copied while it is in use, and what the copy holds is what a disk
// would hold whose power was cut in that moment. On btrfs another process that syncs a directory brings to the disk which
// names have left it, and not where they have gone.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { cell, emplace, move } from 'holdfast'
import { fileStore } from 'holdfast/store'
import { parsePayload } from '../lib/cell/payload.js'
import { parseState } from '../lib/cell/state.js'
import type { Durability } from '../lib/core/input.js'
import { shardOf } from '../lib/store/files/names.js'
import { linkThenUnlink } from './broken/broken.js'
import { assert, memory, note, raced, scratch } from './support/kit.js'
import { run, startWarden, unmountBelow } from './support/mounts.js'

const cuts = 3

/** What is done at the mount point before the cut, and whether all is there afterwards. */
interface Cut {
  readonly act: (at: (name: string) => string) => unknown
  readonly isWhole: (at: (name: string) => string) => boolean
}

type At = (name: string) => string

const isSomewhere = (at: At): boolean => existsSync(at('a/file')) || existsSync(at('b/file'))
const isMovedOnly = (at: At): boolean => existsSync(at('b/file')) && !existsSync(at('a/file'))

function swap(at: At, durability: 'none' | 'file'): void {
  const was = cell.read.sync(at('a/cell'))
  if (was) cell.swap.sync(at('a/cell'), was, { data: 'new' }, { durability })
}

function keepThenSwap(at: At, durability: 'none' | 'file'): void {
  for (let nth = 1; nth <= 2; nth++) {
    const was = cell.read.sync(at('a/cell'))
    if (was) cell.swap.sync(at('a/cell'), was, { keepData: true })
  }
  swap(at, durability)
}

function remove(at: At): void {
  const was = cell.read.sync(at('a/cell'))
  if (was) cell.clear.sync(at('a/cell'), was)
}

const isVoid = (at: At): boolean => !existsSync(at('a/cell')) || readdirSync(at('a/cell')).length === 0

/** Is the data there that the state names? */
function hasData(at: At): boolean {
  const state = readdirSync(at('a/cell')).map(parseState)[0]
  return readdirSync(at('a')).some(name => state?.payload && parsePayload(name)?.nonce === state.payload.nonce)
}

const ofStore = (text: string): string => `${text}, in a file of its own`.repeat(100)

/** Replaces a value twice, and syncs the directory that the values are in, as another process may. */
function replace(at: At, durability: Durability): void {
  const store = fileStore<string>(at('a/store'), { durability })
  for (const text of ['newer', 'newest']) store.update.sync('k', ofStore(text))
  if (durability !== 'full') syncDir(join(at('a/store'), shardOf('k')))
}

/** Is there a value, one of these, or nothing? A wrong one would be an error of its decoder. */
const hasOneOf =
  (...texts: readonly (string | undefined)[]) =>
  (at: At): boolean => {
    const value = fileStore<string>(at('a/store')).get.sync('k')?.value
    return texts.some(text => value === (text === undefined ? undefined : ofStore(text)))
  }

const held: Readonly<Record<string, Cut>> = {
  move: { act: at => move.sync(at('a/file'), at('b/file')), isWhole: isSomewhere },
  'move, with full': {
    act: at => move.sync(at('a/file'), at('b/file'), { durability: 'full' }),
    isWhole: isMovedOnly,
  },
  emplace: { act: at => emplace.sync(at('a/file'), at('b/file')), isWhole: isSomewhere },
  'emplace, if absent': {
    act: at => emplace.sync(at('a/file'), at('b/file'), { ifAbsent: true }),
    isWhole: isSomewhere,
  },
  'emplace, with full': {
    act: at => emplace.sync(at('a/file'), at('b/file'), { durability: 'full' }),
    isWhole: isMovedOnly,
  },
  'cell.swap': { act: at => swap(at, 'file'), isWhole: hasData },
  'cell.swap, after two that keep': { act: at => keepThenSwap(at, 'file'), isWhole: hasData },
  fileStore: { act: at => replace(at, 'file'), isWhole: hasOneOf('old', 'newer', 'newest') },
  'fileStore, with none': { act: at => replace(at, 'none'), isWhole: hasOneOf('old', 'newer', 'newest', undefined) },
  'fileStore, with full': { act: at => replace(at, 'full'), isWhole: hasOneOf('newest') },
  'cell.clear': { act: remove, isWhole: at => isVoid(at) || hasData(at) },
}

const broken: Readonly<Record<string, Cut>> = {
  'link, then unlink': { act: at => linkThenUnlink.sync(at('a/file'), at('b/file')), isWhole: isSomewhere },
  'move, with none': {
    act: at => move.sync(at('a/file'), at('b/file'), { durability: 'none' }),
    isWhole: isSomewhere,
  },
  'fileStore, with none, if nothing may be lost': {
    act: at => replace(at, 'none'),
    isWhole: hasOneOf('old', 'newer', 'newest'),
  },
  'cell.swap, with none': { act: at => swap(at, 'none'), isWhole: hasData },
  'cell.swap, after two that keep, with none': { act: at => keepThenSwap(at, 'none'), isWhole: hasData },
}

function syncDir(path: string): void {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}

/** Cuts the power after each act. Returns how often not all was there afterwards. */
function cutAfter(kind: string, all: Readonly<Record<string, Cut>>): Map<string, number> {
  const room = scratch(memory)
  const [image, live, after] = ['image', 'live', 'after'].map(name => join(room, name)) as [string, string, string]
  for (const point of [live, after]) mkdirSync(point)
  writeFileSync(image, '')
  truncateSync(image, 128 * 2 ** 20)
  const warden = startWarden([live, after])
  const copies: [name: string, copy: string][] = []
  const at = (name: string) => join(live, name)
  try {
    run(`mkfs.${kind}`, '-q', image)
    run('mount', '-o', 'loop', image, live)
    for (const [name, { act }] of Object.entries(all))
      for (let nth = 0; nth < cuts; nth++) {
        for (const dir of ['a', 'b']) rmSync(at(dir), { recursive: true, force: true })
        for (const dir of ['a', 'b']) mkdirSync(at(dir))
        writeFileSync(at('a/file'), 'content')
        cell.create.sync(at('a/cell'), { data: 'old' })
        fileStore<string>(at('a/store')).create.sync('k', ofStore('old'))
        run('sync', '-f', live)
        act(at)
        // Any other process.
        if (!name.endsWith('full')) syncDir(at('a'))
        const copy = join(room, `${copies.length}`)
        run('cp', '--sparse=always', image, copy)
        copies.push([name, copy])
      }
    // Two filesystems of one identity are not mounted at a time.
    run('umount', live)
    const lost = new Map(Object.keys(all).map(name => [name, 0]))
    for (const [name, copy] of copies) {
      run('mount', '-o', 'loop', copy, after)
      const isWhole = (all[name] as Cut).isWhole(one => join(after, one))
      run('umount', after)
      rmSync(copy)
      if (!isWhole) lost.set(name, (lost.get(name) ?? 0) + 1)
    }
    return lost
  } finally {
    unmountBelow(room)
    warden.dismiss()
  }
}

/** Why no power can be cut here. */
function hindrance(kind: string): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it takes root on Linux'
  try {
    run(`mkfs.${kind}`, '--version')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

const why = hindrance('btrfs')
if (why) raced.skip('power cuts on btrfs', why)
else {
  raced('after a power cut on btrfs a thing has its old or its new name, and a cell its data', () => {
    const lost = cutAfter('btrfs', held)
    note([...lost].map(([name, times]) => `${name}: ${times} of ${cuts} lost`).join('; '))
    for (const [name, times] of lost) assert.is(times, 0, name)
  })

  raced('a power cut on btrfs catches who does not sync what replaces a name', () => {
    const lost = cutAfter('btrfs', broken)
    note([...lost].map(([name, times]) => `${name}: ${times} of ${cuts} lost`).join('; '))
    for (const [name, times] of lost) assert.ok(times > 0, `${name} lost nothing`)
  })
}
