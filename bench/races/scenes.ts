// All scenes, by the function that is called.

import type { Scene } from './scene.js'
import { createExclusive, link, move, overwrite, symlink, updateFile, writeFile } from './scenes-of-files.js'
import { copy, emptyDir, mkdirp, remove } from './scenes-of-trees.js'

export const scenes: Readonly<Record<string, Scene<unknown>>> = {
  mkdirp,
  createExclusive,
  writeFile,
  link,
  symlink,
  move,
  'move, with overwrite': overwrite,
  copy,
  remove,
  emptyDir,
  updateFile,
}
