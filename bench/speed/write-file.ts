// Works that write over an existing file, as most writes do.

import fs from 'node:fs'
import { writeFile as atomically, writeFileSync as atomicallySync } from 'atomically'
import fsExtra from 'fs-extra'
import { writeFile } from 'holdfast'
import { Writer } from 'steno'
import writeFileAtomic from 'write-file-atomic'
import { type Durability, dataSynced, kilobyte, megabyte, nameSynced } from './data.js'
import { beside, close, open, rename, write } from './floors.js'
import { type Family, floors, type Sides, type Work } from './work.js'

const sizes = { '1 KiB': { data: kilobyte, calls: 60 }, '1 MiB': { data: megabyte, calls: 12 } }
type Size = keyof typeof sizes

/** The other packages. None of them syncs the name. */
function peers(data: Buffer, fsync: boolean): { async: Sides; sync: Sides } {
  const flush = { flush: fsync }
  return {
    async: {
      'write-file-atomic': path => writeFileAtomic(path, data, { fsync }),
      atomically: path => atomically(path, data, { fsync }),
      // It never syncs.
      ...(!fsync && { steno: path => new Writer(path).write(data) }),
      'fs.promises': path => fs.promises.writeFile(path, data, flush),
      'fs-extra': path => fsExtra.outputFile(path, data, flush),
    },
    sync: {
      'write-file-atomic': path => writeFileAtomic.sync(path, data, { fsync }),
      atomically: path => atomicallySync(path, data, { fsync }),
      fs: path => fs.writeFileSync(path, data, flush),
      'fs-extra': path => fsExtra.outputFileSync(path, data, flush),
    },
  }
}

function asked(size: Size, durability: Durability): NonNullable<Work['asked']> {
  const floor = { [floors.async]: 1.3 }
  if (durability === 'full') return { async: floor }
  const atMost = size === '1 KiB' && durability === 'none' ? 0.5 : 0.83
  return {
    async: { 'write-file-atomic': atMost, atomically: atMost, ...floor },
    sync: { 'write-file-atomic': 0.67 },
  }
}

export function writing(size: Size, durability: Durability): Work {
  const { data, calls } = sizes[size]
  const others = durability === 'full' ? { async: {}, sync: {} } : peers(data, durability === 'file')
  return {
    name: `writeFile ${size}, ${durability}`,
    calls,
    standing: true,
    async: { holdfast: path => writeFile(path, data, { durability }), ...others.async },
    sync: { holdfast: path => writeFile.sync(path, data, { durability }), ...others.sync },
    // They write in place: readers see an empty file, and then a part of it.
    weaker: ['fs.promises', 'fs', 'fs-extra'],
    floor(path, room) {
      const stage = beside(path)
      const made = [open(stage, 'wx'), write(data), ...dataSynced(durability)]
      return [...made, close, rename(stage, path), ...nameSynced(durability, room)]
    },
    asked: asked(size, durability),
  }
}

export const writings: Family[] = (['1 KiB', '1 MiB'] as const).map(size => ({
  name: `writeFile ${size}`,
  works: (['none', 'file', 'full'] as const).map(durability => writing(size, durability)),
}))
