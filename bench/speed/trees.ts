// Works on a thousand files at a time; and on one file, to see its time where there are many others.

import fs from 'node:fs'
import { dirname } from 'node:path'
import fsExtra from 'fs-extra'
import { copy, remove } from 'holdfast'
import { rimraf, rimrafSync } from 'rimraf'
import { kilobyte } from './data.js'
import { unlink } from './floors.js'
import { copyAtOnce, copyByCallbacks, plant, removeAtOnce, removeByCallbacks } from './plant.js'
import { type Family, floors, type Sides, type Work } from './work.js'

const recursive = { recursive: true } as const
/** One source for all rooms of the hall. */
const sourceIn = (room: string): string => `${dirname(room)}/source`
const furnish = (room: string): void => {
  if (!fs.existsSync(sourceIn(room))) plant(sourceIn(room))
}

const copying: Work = {
  name: 'copy tree',
  calls: 1,
  furnish,
  async: {
    holdfast: (path, room) => copy(sourceIn(room), path),
    'fs.promises': (path, room) => fs.promises.cp(sourceIn(room), path, recursive),
    'fs-extra': (path, room) => fsExtra.copy(sourceIn(room), path),
    [floors.async]: (path, room) => copyByCallbacks(sourceIn(room), path),
  },
  sync: {
    holdfast: (path, room) => copy.sync(sourceIn(room), path),
    fs: (path, room) => fs.cpSync(sourceIn(room), path, recursive),
    'fs-extra': (path, room) => fsExtra.copySync(sourceIn(room), path),
    [floors.sync]: (path, room) => copyAtOnce(sourceIn(room), path),
  },
  // Readers see partial files.
  weaker: ['fs.promises', 'fs', 'fs-extra'],
  asked: { async: { 'fs.promises': 1, 'fs-extra': 1 }, sync: { fs: 1 } },
}

const removers = {
  async: {
    holdfast: path => remove(path),
    'fs.promises': path => fs.promises.rm(path, recursive),
    'fs-extra': path => fsExtra.remove(path),
    rimraf: path => rimraf(path),
  },
  sync: {
    holdfast: path => remove.sync(path),
    fs: path => fs.rmSync(path, recursive),
    'fs-extra': path => fsExtra.removeSync(path),
    rimraf: path => rimrafSync(path),
  },
} satisfies Record<string, Sides>

const removing: Work = {
  name: 'remove tree',
  calls: 1,
  lay: plant,
  async: { ...removers.async, [floors.async]: removeByCallbacks },
  sync: { ...removers.sync, [floors.sync]: removeAtOnce },
  // While they run, readers see part of the tree.
  weaker: ['fs.promises', 'fs', 'fs-extra', 'rimraf'],
  asked: { async: { 'fs.promises': 1, 'fs-extra': 1 }, sync: { fs: 1 } },
}

export const removingOne: Work = {
  name: 'remove, a file',
  calls: 60,
  lay: path => fs.writeFileSync(path, kilobyte),
  ...removers,
  floor: path => [unlink(path)],
}

export const trees: Family = { name: 'copy and remove, 1,000 files', works: [copying, removing] }
