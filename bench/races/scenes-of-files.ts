// Scenes: killed in a call that makes, links, moves or changes a file.

import { lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Way as Create, ways as creates } from './create-exclusive.js'
import { type Way as Link, ways as links } from './link.js'
import { type Way as Move, ways as moves } from './move.js'
import { type Way as Overwrite, ways as overwrites } from './overwrite.js'
import { lookSync, payload } from './payload.js'
import type { Scene } from './scene.js'
import { type Way as Symlink, ways as symlinks } from './symlink.js'
import { type Way as Update, ways as updates } from './update-file.js'
import { byPidName, type Way as Write, ways as writes } from './write-file.js'

const bytes = 512 * 1024
const inode = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.ino
const layFile = (name: string) => (dir: string) => writeFileSync(join(dir, name), payload(9, bytes))

export const createExclusive: Scene<Create> = {
  ways: creates,
  asked: ['file'],
  unpromised: { 'torn or absent': ['fs.promises', 'fs-extra'] },
  act: (way, dir, who) => way(join(dir, 'file'), payload(who, bytes)),
  isGood: (dir, isDone) => ['whole', isDone ? 'whole' : 'absent'].includes(lookSync(join(dir, 'file')).seen),
}

export const writeFile: Scene<Write> = {
  ways: { ...writes, 'by hand': byPidName },
  asked: ['file', 'file.store'],
  unpromised: { 'torn or absent': ['fs.promises', 'fs-extra'] },
  act: (way, dir, who) => way.write(join(dir, 'file'), payload(who, bytes)),
  isGood: (dir, isDone, way) =>
    way.read(join(dir, 'file')).then(
      data => data.equals(payload(isDone ? 1 : 0, bytes)),
      error => !isDone && error.code === 'ENOENT',
    ),
}

export const link: Scene<Link> = {
  ways: links,
  asked: ['existing', 'link'],
  unpromised: { rejected: ['fs.promises'] },
  lay: layFile('existing'),
  act: (way, dir) => way(join(dir, 'existing'), join(dir, 'link')),
  isGood: (dir, isDone) => [inode(join(dir, 'existing')), isDone ? 0 : undefined].includes(inode(join(dir, 'link'))),
}

export const symlink: Scene<Symlink> = {
  ways: symlinks,
  asked: ['target', 'link'],
  unpromised: { rejected: ['fs.promises'] },
  lay: layFile('target'),
  act: (way, dir) => way(join(dir, 'target'), join(dir, 'link')),
  isGood: (dir, isDone) =>
    (!isDone && inode(join(dir, 'link')) === undefined) || lookSync(join(dir, 'link')).seen === 'whole',
}

/** Lays out a source for each of the two callers. */
const layTwo = (dir: string): void => {
  for (const who of [0, 1]) writeFileSync(join(dir, `own-${who}`), payload(who, bytes))
}

export const move: Scene<Move> = {
  ways: moves,
  asked: ['own-0', 'own-1', 'target'],
  lay: layTwo,
  act: (way, dir, who) => way(join(dir, `own-${who}`), join(dir, 'target')),
  isGood: (dir, isDone) => {
    const [own, target] = ['own-0', 'target'].map(name => lookSync(join(dir, name)))
    return target?.seen === 'whole' || (!isDone && own?.seen === 'whole')
  },
}

export const overwrite: Scene<Overwrite> = {
  ways: overwrites,
  asked: ['own-0', 'own-1', 'target'],
  unpromised: { 'torn or absent': ['fs-extra', 'move-file'] },
  lay: dir => {
    layTwo(dir)
    layFile('target')(dir)
  },
  act: (way, dir, who) => way(join(dir, `own-${who}`), join(dir, 'target')),
  isGood: (dir, isDone) => {
    const { seen, owner } = lookSync(join(dir, 'target'))
    return seen === 'whole' && (!isDone || owner === 1)
  },
}

/** Milliseconds: packages that judge a holder dead by time accept no less. */
const stale = 2000

export const updateFile: Scene<Update> = {
  ways: updates,
  asked: ['counts.json', 'counts.json.lock'],
  unpromised: { rejected: ['fs-extra'], 'torn or absent': ['fs-extra'] },
  lay: dir => writeFileSync(join(dir, 'counts.json'), JSON.stringify({ all: 1, text: 'x'.repeat(bytes) })),
  act: (way, dir) => way(join(dir, 'counts.json'), old => ({ ...old, all: (old.all ?? 0) + 1 }), stale),
  isGood: (dir, isDone) => {
    const all = counted(join(dir, 'counts.json'))
    return all >= (isDone ? 2 : 1) && all <= (isDone ? 3 : 2)
  },
}

/** Returns the count in the file; 0 if it cannot be read. */
function counted(file: string): number {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).all
  } catch {
    return 0
  }
}
