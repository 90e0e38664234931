// Works below a root that no path leads out of. Nothing waits for the disk. @openclaw/fs-safe has no sync form.

import fs from 'node:fs'
import { basename } from 'node:path'
import { type Within, within } from 'holdfast'
import { rootOfFsSafe } from '../run/fs-safe.js'
import { kilobyte } from './data.js'
import { inRoom, leave } from './stores/rooms.js'
import type { Act, Family, Sides, Work } from './work.js'

const calls = 60

const ours = inRoom(
  room => within.sync(room),
  bound => bound.close(),
)

const root = rootOfFsSafe
type Theirs = Awaited<ReturnType<NonNullable<typeof root>>>
const theirs = root && inRoom(room => root(room))

/** A path below the root is relative. */
function sides(
  mine: (bound: Within, name: string) => unknown,
  other: (bound: Theirs, name: string) => unknown,
  byHand: Act,
): Sides {
  return {
    holdfast: (path, room) => mine(ours(room), basename(path)),
    ...(theirs && { 'fs-safe': async (path: string, room: string) => other(await theirs(room), basename(path)) }),
    'fs.promises': byHand,
  }
}

const common = {
  ...{ calls, leave },
  // What is done by hand stays inside only if no name on the way is a link.
  weaker: ['fs.promises', 'fs'],
}

const writing: Work = {
  ...common,
  name: 'within, write 1 KiB',
  async: sides(
    (bound, name) => bound.writeFile(name, kilobyte, { durability: 'none' }),
    (bound, name) => bound.write(name, kilobyte),
    path => fs.promises.writeFile(path, kilobyte),
  ),
  sync: {
    holdfast: (path, room) => ours(room).writeFile.sync(basename(path), kilobyte, { durability: 'none' }),
    fs: path => fs.writeFileSync(path, kilobyte),
  },
}

const reading: Work = {
  ...common,
  name: 'within, read 1 KiB',
  lay: path => fs.writeFileSync(path, kilobyte),
  async: sides(
    (bound, name) => bound.readFile(name),
    (bound, name) => bound.readBytes(name),
    path => fs.promises.readFile(path),
  ),
  sync: {
    holdfast: (path, room) => ours(room).readFile.sync(basename(path)),
    fs: path => fs.readFileSync(path),
  },
}

const making: Work = {
  ...common,
  name: 'within, mkdir of three levels',
  async: sides(
    (bound, name) => bound.mkdirp(`${name}/a/b`),
    (bound, name) => bound.mkdir(`${name}/a/b`),
    path => fs.promises.mkdir(`${path}/a/b`, { recursive: true }),
  ),
  sync: {
    holdfast: (path, room) => ours(room).mkdirp.sync(`${basename(path)}/a/b`),
    fs: path => fs.mkdirSync(`${path}/a/b`, { recursive: true }),
  },
}

export const belowRoot: Family = { name: 'within', works: [writing, reading, making] }
