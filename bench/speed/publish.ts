// Works that create whole files, and works that replace files.

import fs from 'node:fs'
import fsExtra from 'fs-extra'
import { createExclusive, emplace } from 'holdfast'
import { moveFile, moveFileSync } from 'move-file'
import { type Durability, dataSynced, kilobyte, nameSynced } from './data.js'
import { beside, close, link, lstat, open, rename, unlink, write } from './floors.js'
import { type Family, floors, type Work } from './work.js'

const calls = 60

export function creating(durability: Durability): Work {
  // `flush` syncs the data. Neither Node nor the packages sync the name.
  const exclusive = { flag: 'wx', flush: durability === 'file' }
  const full = durability === 'full'
  return {
    name: `createExclusive 1 KiB, ${durability}`,
    calls,
    async: {
      holdfast: path => createExclusive(path, kilobyte, { durability }),
      ...(!full && { 'fs.promises': path => fs.promises.writeFile(path, kilobyte, exclusive) }),
    },
    sync: {
      holdfast: path => createExclusive.sync(path, kilobyte, { durability }),
      ...(!full && { fs: path => fs.writeFileSync(path, kilobyte, exclusive) }),
    },
    // Readers see the file while it is still empty, and while it is half written.
    weaker: ['fs.promises', 'fs'],
    floor(path, room) {
      const stage = beside(path)
      const made = [open(stage, 'wx'), write(kilobyte), ...dataSynced(durability)]
      return [...made, link(stage, path), close, unlink(stage), ...nameSynced(durability, room)]
    },
    asked: full ? {} : { async: { [floors.async]: 1.3 } },
  }
}

const targetIn = (room: string): string => `${room}/target`

function emplacing(durability: 'none' | 'file'): Work {
  const none = durability === 'none'
  return {
    name: `emplace, ${durability}`,
    calls,
    lay: path => fs.writeFileSync(path, kilobyte),
    async: {
      holdfast: (path, room) => emplace(path, targetIn(room), { durability }),
      ...(none && {
        'fs.promises': (path, room) => fs.promises.rename(path, targetIn(room)),
        'fs-extra': (path, room) => fsExtra.move(path, targetIn(room), { overwrite: true }),
        'move-file': (path, room) => moveFile(path, targetIn(room)),
      }),
    },
    sync: {
      holdfast: (path, room) => emplace.sync(path, targetIn(room), { durability }),
      ...(none && {
        fs: (path, room) => fs.renameSync(path, targetIn(room)),
        'fs-extra': (path, room) => fsExtra.moveSync(path, targetIn(room), { overwrite: true }),
        'move-file': (path, room) => moveFileSync(path, targetIn(room)),
      }),
    },
    // A rename between two names of one file leaves both, and reports success; fs-extra removes the target first.
    weaker: ['fs.promises', 'fs', 'fs-extra', 'move-file'],
    floor(path, room) {
      const renamed = rename(path, targetIn(room))
      return none ? [lstat(path), renamed] : [lstat(path), open(path, 'r'), ...dataSynced('file'), renamed, close]
    },
    asked: { async: { [floors.async]: 1.3 } },
  }
}

export const publishing: Family = {
  name: 'createExclusive and emplace',
  works: [creating('none'), creating('file'), creating('full'), emplacing('none'), emplacing('file')],
}
