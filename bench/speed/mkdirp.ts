// Works that make directories, with the missing ones above them.

import fs from 'node:fs'
import fsExtra from 'fs-extra'
import { mkdirp } from 'holdfast'
import { makeDirectory, makeDirectorySync } from 'make-dir'
import * as theirs from 'mkdirp'
import { byCallbacks, mkdir, stat } from './floors.js'
import { type Family, floors, type Sides, type Work } from './work.js'

const recursive = { recursive: true } as const

const sides = {
  async: {
    holdfast: path => mkdirp(path),
    'fs.promises': path => fs.promises.mkdir(path, recursive),
    'fs-extra': path => fsExtra.ensureDir(path),
    mkdirp: path => theirs.mkdirp(path),
    'make-dir': path => makeDirectory(path),
  },
  sync: {
    holdfast: path => mkdirp.sync(path),
    fs: path => fs.mkdirSync(path, recursive),
    'fs-extra': path => fsExtra.ensureDirSync(path),
    mkdirp: path => theirs.mkdirpSync(path),
    'make-dir': path => makeDirectorySync(path),
  },
} satisfies Record<string, Sides>

/** A new path, and seven levels below it, each two characters longer than the one above. */
const [levels, tail] = [8, '/1/2/3/4/5/6/7']
const fromTheTop = (path: string) =>
  Array.from({ length: levels }, (_, level) => mkdir(path.slice(0, path.length - 2 * (levels - 1 - level))))

const callers = 16
const atATime = (sides: Sides): Sides =>
  Object.fromEntries(
    Object.entries(sides).map(([side, act]) => [
      side,
      (path, room) => Promise.all(Array.from({ length: callers }, () => act(path, room))),
    ]),
  )

const calls = 60

/** Also measured with many calls at a time (./growth.ts). */
export const leaf: Work = {
  name: 'mkdirp, leaf',
  calls,
  ...sides,
  floor: path => [mkdir(path)],
  asked: { async: { 'fs.promises': 1.15 }, sync: { fs: 1.3 } },
}

export const mkdirps: Family = {
  name: 'mkdirp',
  works: [
    {
      name: 'mkdirp, existing',
      calls,
      standing: true,
      lay: path => fs.mkdirSync(path, recursive),
      ...sides,
      floor: path => [stat(path)],
      asked: { async: { 'fs.promises': 0.6 }, sync: { fs: 1.3 } },
    },
    leaf,
    {
      name: 'mkdirp, 8 levels',
      calls,
      tail,
      ...sides,
      floor: fromTheTop,
      asked: { async: { 'fs.promises': 0.85 }, sync: { fs: 1.3 } },
    },
    {
      name: `mkdirp, ${callers} callers`,
      calls: calls / 2,
      tail,
      async: atATime({ ...sides.async, [floors.async]: path => byCallbacks(fromTheTop(path)) }),
      sync: {},
    },
  ],
}
