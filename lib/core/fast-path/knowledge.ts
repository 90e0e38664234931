// All that the fast path knows of the filesystem.

import { DescriptorDevices } from './descriptor-devices.js'
import { KnownDirectories } from './known-directories.js'
import { KnownPaths } from './known-paths.js'
import { LightNames } from './light-names.js'
import { LocalPlaces, type Questions } from './local-places.js'

/** To copy more than this to or from the kernel's memory takes longer than a trip to the pool. */
export const mostReadBytes = 128 * 1024

/** On a disk, to find memory for more than this, and to copy it there, does, too. */
const mostWrittenBytes = 16 * 1024

export interface Knowledge {
  readonly paths: KnownPaths
  readonly places: LocalPlaces
  readonly dirs: KnownDirectories
  readonly descriptors: DescriptorDevices
  readonly light: LightNames
  /** How many bytes are written, or freed, in little time on a device. */
  mostWritten(dev: number | undefined): number
}

export function newKnowledge(questions: Questions): Knowledge {
  const paths = new KnownPaths()
  const places = new LocalPlaces(questions, paths)
  const dirs = new KnownDirectories(places, paths)
  const descriptors = new DescriptorDevices(paths, dirs)
  const mostWritten = (dev: number | undefined) =>
    places.inMemory(dev) === undefined ? mostWrittenBytes : mostReadBytes
  return { paths, places, dirs, descriptors, light: new LightNames(paths), mostWritten }
}
