// Scenes: killed in a call that makes, copies or removes directories.

import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Way as Copy, ways as copies } from './copy.js'
import { type Way as Empty, ways as empties } from './empty-dir.js'
import { type Way as Mkdirp, ways as mkdirps } from './mkdirp.js'
import { type Way as Remove, ways as removes } from './remove.js'
import type { Scene } from './scene.js'
import { layTree, lookAtTree } from './trees.js'

const files = 24
const bytes = 128 * 1024

export const mkdirp: Scene<Mkdirp> = {
  ways: mkdirps,
  asked: ['a'],
  act: (way, dir) => way(join(dir, 'a/b/c/d/e/f')),
  isGood: (dir, isDone) => !isDone || lstatSync(join(dir, 'a/b/c/d/e/f')).isDirectory(),
}

export const copy: Scene<Copy> = {
  ways: copies,
  asked: ['source', 'target'],
  unpromised: { 'torn or absent': ['fs.promises', 'fs-extra'] },
  lay: dir => layTree(join(dir, 'source'), files, bytes),
  act: (way, dir) => way(join(dir, 'source'), join(dir, 'target')),
  isGood: (dir, isDone) =>
    [...lookAtTree(join(dir, 'target'), files)].every(seen => seen === 'whole' || (!isDone && seen === 'absent')),
}

export const remove: Scene<Remove> = {
  ways: removes,
  asked: ['tree'],
  unpromised: { 'torn or absent': ['fs.promises', 'fs-extra', 'rimraf'] },
  lay: dir => layTree(join(dir, 'tree'), files, 64),
  act: (way, dir) => way(join(dir, 'tree')),
  isGood: (dir, isDone) =>
    !existsSync(join(dir, 'tree')) ||
    (!isDone && [...lookAtTree(join(dir, 'tree'), files)].every(seen => seen === 'whole')),
}

export const emptyDir: Scene<Empty> = {
  ways: empties,
  asked: ['tree'],
  lay: dir => layTree(join(dir, 'tree'), files, 64),
  act: (way, dir) => way(join(dir, 'tree')),
  isGood: (dir, isDone) => existsSync(join(dir, 'tree')) && (!isDone || readdirSync(join(dir, 'tree')).length === 0),
}
