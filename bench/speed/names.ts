// Works that give a file one more name, or another name.

import fs from 'node:fs'
import fsExtra from 'fs-extra'
import { link, move, symlink } from 'holdfast'
import { moveFile, moveFileSync } from 'move-file'
import { kilobyte } from './data.js'
import * as floor from './floors.js'
import type { Family, Work } from './work.js'

const calls = 60
const thereIn = (room: string): string => `${room}/there`
const furnish = (room: string): void => fs.writeFileSync(thereIn(room), kilobyte)

export const linking: Work = {
  name: 'link',
  calls,
  furnish,
  async: {
    holdfast: (path, room) => link(thereIn(room), path),
    'fs.promises': (path, room) => fs.promises.link(thereIn(room), path),
    'fs-extra': (path, room) => fsExtra.ensureLink(thereIn(room), path),
  },
  sync: {
    holdfast: (path, room) => link.sync(thereIn(room), path),
    fs: (path, room) => fs.linkSync(thereIn(room), path),
    'fs-extra': (path, room) => fsExtra.ensureLinkSync(thereIn(room), path),
  },
  floor: (path, room) => [floor.link(thereIn(room), path)],
  asked: { async: { 'fs.promises': 1.2 } },
}

const symlinking: Work = {
  name: 'symlink',
  calls,
  furnish,
  async: {
    holdfast: (path, room) => symlink(thereIn(room), path),
    'fs.promises': (path, room) => fs.promises.symlink(thereIn(room), path),
    'fs-extra': (path, room) => fsExtra.ensureSymlink(thereIn(room), path),
  },
  sync: {
    holdfast: (path, room) => symlink.sync(thereIn(room), path),
    fs: (path, room) => fs.symlinkSync(thereIn(room), path),
    'fs-extra': (path, room) => fsExtra.ensureSymlinkSync(thereIn(room), path),
  },
  floor: (path, room) => [floor.symlink(thereIn(room), path)],
}

const durability = 'none'
const newNameOf = (path: string): string => `${path}.moved`

const moving: Work = {
  name: 'move',
  calls,
  lay: path => fs.writeFileSync(path, kilobyte),
  async: {
    holdfast: path => move(path, newNameOf(path), { durability }),
    'fs-extra': path => fsExtra.move(path, newNameOf(path)),
    'move-file': path => moveFile(path, newNameOf(path), { overwrite: false }),
  },
  sync: {
    holdfast: path => move.sync(path, newNameOf(path), { durability }),
    'fs-extra': path => fsExtra.moveSync(path, newNameOf(path)),
    'move-file': path => moveFileSync(path, newNameOf(path), { overwrite: false }),
  },
  // A link, because a rename would replace a file that has the name.
  floor: path => [floor.link(path, newNameOf(path)), floor.unlink(path)],
}

export const naming: Family = { name: 'link, symlink and move', works: [linking, symlinking, moving] }
