// What is written, and what the floor does so that it is on the disk.

import { type Call, close, fsync, open } from './floors.js'

export const kilobyte = Buffer.alloc(1024, 'x')
export const megabyte = Buffer.alloc(1024 * 1024, 'x')

export type Durability = 'none' | 'file' | 'full'

/** Of the file that is open. */
export const dataSynced = (durability: Durability): Call[] => (durability === 'none' ? [] : [fsync])

/** Of a name in a directory. */
export const nameSynced = (durability: Durability, dir: string): Call[] =>
  durability === 'full' ? [open(dir, 'r'), fsync, close] : []
