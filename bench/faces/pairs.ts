// Each face beside the function that it is over: the same work, with the same options.

import fs from 'node:fs'
import {
  copy,
  createExclusive,
  emplace,
  emptyDir,
  link,
  lock,
  mkdirp,
  move,
  readJson,
  remove,
  symlink,
  writeFile,
  writeJson,
} from 'holdfast'
import * as atomically from 'holdfast/atomically'
import fsExtra from 'holdfast/fs-extra'
import * as fsPromises from 'holdfast/fs-promises'
import * as makeDir from 'holdfast/make-dir'
import * as mkdirpFace from 'holdfast/mkdirp'
import * as moveFileFace from 'holdfast/move-file'
import properLockfile from 'holdfast/proper-lockfile'
import * as rimraf from 'holdfast/rimraf'
import { drive, driveSync, type Steps, fs as steps } from 'holdfast/steps'
import writeFileAtomic from 'holdfast/write-file-atomic'

export type Act = (path: string) => unknown

export interface Side {
  readonly face: Act
  readonly ours: Act
}

/** A call that the package's contract needs, and the function's does not. */
export interface Besides {
  /** What it is for, as the table prints it. */
  readonly what: string
  readonly async: Act
  readonly sync: Act
}

export interface Pair {
  /** The table also has the ratio of the face to the function with this call before it. */
  readonly besides?: Besides
  /** Lays out what one call finds at its path; not measured. */
  readonly lay?: Act
  readonly async: Side
  /** Absent: the face has no such form. */
  readonly sync?: Side
}

const text = 'x'.repeat(1024)
const value = { name: 'holdfast', version: '0.1.0', files: ['bin', 'lib'] }

const laid: Act = path => fs.writeFileSync(path, text)
const laidBeside: Act = path => fs.writeFileSync(`${path}.from`, text)
const laidJson: Act = path => fs.writeFileSync(path, JSON.stringify(value))
const laidDir: Act = path => {
  fs.mkdirSync(path)
  fs.writeFileSync(`${path}/a`, text)
}

const synced = { durability: 'file' } as const
const unsynced = { durability: 'none' } as const
const unsyncedBelow = { ...unsynced, parents: true } as const
const parents = { parents: true } as const
const asNode = { ...unsynced, inPlace: 'when-needed' } as const
const asNodeBelow = { ...asNode, parents: true } as const
/** A lock of which nothing is left, and which knows that of proper-lockfile. */
const asLockfile = { heartbeat: 5000, stale: 10_000, foreign: { stale: 10_000 } } as const

const onlyCall = (call: (path: string) => Steps<unknown>): Pick<Besides, 'async' | 'sync'> => ({
  async: path => drive(call(path)),
  sync: path => driveSync(call(path)),
})

export const pairs: Readonly<Record<string, Pair>> = {
  'mkdirp, new': {
    async: { face: path => mkdirpFace.mkdirp(`${path}/a`), ours: path => mkdirp(`${path}/a`) },
    sync: { face: path => mkdirpFace.mkdirpSync(`${path}/a`), ours: path => mkdirp.sync(`${path}/a`) },
  },
  'mkdirp, there': {
    lay: path => fs.mkdirSync(path),
    async: { face: path => mkdirpFace.mkdirp(path), ours: path => mkdirp(path) },
    sync: { face: path => mkdirpFace.mkdirpSync(path), ours: path => mkdirp.sync(path) },
  },
  'make-dir, there': {
    lay: path => fs.mkdirSync(path),
    async: { face: path => makeDir.makeDirectory(path), ours: path => mkdirp(path) },
    sync: { face: path => makeDir.makeDirectorySync(path), ours: path => mkdirp.sync(path) },
  },
  'move-file': {
    lay: laidBeside,
    async: {
      face: path => moveFileFace.moveFile(`${path}.from`, path),
      ours: path => move(`${path}.from`, path, { overwrite: true, parents: true }),
    },
    sync: {
      face: path => moveFileFace.moveFileSync(`${path}.from`, path),
      ours: path => move.sync(`${path}.from`, path, { overwrite: true, parents: true }),
    },
  },
  'write-file-atomic': {
    lay: laid,
    async: { face: path => writeFileAtomic(path, text), ours: path => writeFile(path, text, synced) },
    sync: { face: path => writeFileAtomic.sync(path, text), ours: path => writeFile.sync(path, text, synced) },
  },
  'write-file-atomic, no sync': {
    lay: laid,
    async: {
      face: path => writeFileAtomic(path, text, { fsync: false }),
      ours: path => writeFile(path, text, unsynced),
    },
    sync: {
      face: path => writeFileAtomic.sync(path, text, { fsync: false }),
      ours: path => writeFile.sync(path, text, unsynced),
    },
  },
  'atomically, no sync': {
    lay: laid,
    async: {
      face: path => atomically.writeFile(path, text, { fsync: false }),
      ours: path => writeFile(path, text, unsyncedBelow),
    },
    sync: {
      face: path => atomically.writeFileSync(path, text, { fsync: false }),
      ours: path => writeFile.sync(path, text, unsyncedBelow),
    },
  },
  'proper-lockfile': {
    besides: { what: 'realpath of the file', ...onlyCall(path => steps.realpath(path)) },
    lay: laid,
    async: {
      face: async path => (await properLockfile.lock(path))(),
      ours: async path => (await lock.try(path, asLockfile))?.release({ remove: true }),
    },
    sync: {
      face: path => properLockfile.lockSync(path)(),
      ours: path => lock.try.sync(path, asLockfile)?.release.sync({ remove: true }),
    },
  },
  'rimraf, file': {
    lay: laid,
    async: { face: path => rimraf.rimraf(path), ours: path => remove(path) },
    sync: { face: path => rimraf.rimrafSync(path), ours: path => remove.sync(path) },
  },
  'rimraf, directory': {
    lay: laidDir,
    async: { face: path => rimraf.rimraf(path), ours: path => remove(path) },
    sync: { face: path => rimraf.rimrafSync(path), ours: path => remove.sync(path) },
  },
  'fs-extra: copy': {
    lay: laidBeside,
    async: { face: path => fsExtra.copy(`${path}.from`, path), ours: path => copy(`${path}.from`, path, parents) },
    sync: {
      face: path => fsExtra.copySync(`${path}.from`, path),
      ours: path => copy.sync(`${path}.from`, path, parents),
    },
  },
  'fs-extra: move': {
    lay: laidBeside,
    async: {
      face: path => fsExtra.move(`${path}.from`, path),
      ours: path => move(`${path}.from`, path, { ...unsyncedBelow, overwrite: false }),
    },
    sync: {
      face: path => fsExtra.moveSync(`${path}.from`, path),
      ours: path => move.sync(`${path}.from`, path, { ...unsyncedBelow, overwrite: false }),
    },
  },
  'fs-extra: remove': {
    lay: laid,
    async: { face: path => fsExtra.remove(path), ours: path => remove(path) },
    sync: { face: path => fsExtra.removeSync(path), ours: path => remove.sync(path) },
  },
  'fs-extra: emptyDir': {
    lay: laidDir,
    async: { face: path => fsExtra.emptyDir(path), ours: path => emptyDir(path) },
    sync: { face: path => fsExtra.emptyDirSync(path), ours: path => emptyDir.sync(path) },
  },
  'fs-extra: ensureDir, there': {
    lay: path => fs.mkdirSync(path),
    async: { face: path => fsExtra.ensureDir(path), ours: path => mkdirp(path) },
    sync: { face: path => fsExtra.ensureDirSync(path), ours: path => mkdirp.sync(path) },
  },
  'fs-extra: ensureFile': {
    async: { face: path => fsExtra.ensureFile(path), ours: path => createExclusive(path, '', unsyncedBelow) },
    sync: { face: path => fsExtra.ensureFileSync(path), ours: path => createExclusive.sync(path, '', unsyncedBelow) },
  },
  'fs-extra: ensureFile, there': {
    lay: laid,
    async: { face: path => fsExtra.ensureFile(path), ours: path => createExclusive(path, '', unsyncedBelow) },
    sync: { face: path => fsExtra.ensureFileSync(path), ours: path => createExclusive.sync(path, '', unsyncedBelow) },
  },
  'fs-extra: ensureLink': {
    lay: laidBeside,
    async: {
      face: path => fsExtra.ensureLink(`${path}.from`, path),
      ours: path => link(`${path}.from`, path, parents),
    },
    sync: {
      face: path => fsExtra.ensureLinkSync(`${path}.from`, path),
      ours: path => link.sync(`${path}.from`, path, parents),
    },
  },
  'fs-extra: ensureSymlink': {
    besides: { what: 'is the source there?', ...onlyCall(path => steps.lstat(`${path}.from`)) },
    lay: laidBeside,
    async: {
      face: path => fsExtra.ensureSymlink(`${path}.from`, path),
      ours: path => symlink(`${path}.from`, path, unsyncedBelow),
    },
    sync: {
      face: path => fsExtra.ensureSymlinkSync(`${path}.from`, path),
      ours: path => symlink.sync(`${path}.from`, path, unsyncedBelow),
    },
  },
  'fs-extra: outputFile': {
    lay: laid,
    async: { face: path => fsExtra.outputFile(path, text), ours: path => writeFile(path, text, asNodeBelow) },
    sync: { face: path => fsExtra.outputFileSync(path, text), ours: path => writeFile.sync(path, text, asNodeBelow) },
  },
  'fs-extra: writeJson': {
    lay: laid,
    async: { face: path => fsExtra.writeJson(path, value), ours: path => writeJson(path, value, unsynced) },
    sync: { face: path => fsExtra.writeJsonSync(path, value), ours: path => writeJson.sync(path, value, unsynced) },
  },
  'fs-extra: readJson': {
    lay: laidJson,
    async: { face: path => fsExtra.readJson(path), ours: path => readJson(path) },
    sync: { face: path => fsExtra.readJsonSync(path), ours: path => readJson.sync(path) },
  },
  'fs-promises: mkdir, recursive': {
    async: { face: path => fsPromises.mkdir(path, { recursive: true }), ours: path => mkdirp(path) },
  },
  'fs-promises: rm': {
    lay: laid,
    async: { face: path => fsPromises.rm(path, { recursive: true, force: true }), ours: path => remove(path) },
  },
  'fs-promises: cp': {
    lay: laidBeside,
    async: { face: path => fsPromises.cp(`${path}.from`, path), ours: path => copy(`${path}.from`, path, parents) },
  },
  'fs-promises: rename': {
    lay: laidBeside,
    async: {
      face: path => fsPromises.rename(`${path}.from`, path),
      ours: path => emplace(`${path}.from`, path, unsynced),
    },
  },
  'fs-promises: writeFile': {
    lay: laid,
    async: { face: path => fsPromises.writeFile(path, text), ours: path => writeFile(path, text, asNode) },
  },
}
