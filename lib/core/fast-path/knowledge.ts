// All that the fast path knows of the filesystem.

import { DescriptorDevices } from './descriptor-devices.js'
import { KnownDirectories } from './known-directories.js'
import { KnownPaths } from './known-paths.js'
import { LightNames } from './light-names.js'
import { LocalPlaces, type Questions } from './local-places.js'

/** To copy more than this from the kernel's memory takes longer than a trip to the pool. */
export const mostReadBytes = 128 * 1024

/** To find memory for more than this, and to copy it there, does, too. */
export const mostWrittenBytes = 16 * 1024

export interface Knowledge {
  readonly paths: KnownPaths
  readonly places: LocalPlaces
  readonly dirs: KnownDirectories
  readonly descriptors: DescriptorDevices
  readonly light: LightNames
}

export function newKnowledge(questions: Questions): Knowledge {
  const paths = new KnownPaths()
  const places = new LocalPlaces(questions, paths)
  const dirs = new KnownDirectories(places, paths)
  const descriptors = new DescriptorDevices(paths, dirs)
  return { paths, places, dirs, descriptors, light: new LightNames(paths, mostWrittenBytes) }
}
