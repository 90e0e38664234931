// The data that is written, and the calls by which the floor gets it to the disk.

import { type Call, close, fsync, open } from './floors.js'

export const kilobyte = Buffer.alloc(1024, 'x')
export const megabyte = Buffer.alloc(1024 * 1024, 'x')

export type Durability = 'none' | 'file' | 'full'

/** Syncs the data of the open file. */
export const dataSynced = (durability: Durability): Call[] => (durability === 'none' ? [] : [fsync])

/** Syncs a name in a directory. */
export const nameSynced = (durability: Durability, dir: string): Call[] =>
  durability === 'full' ? [open(dir, 'r'), fsync, close] : []
