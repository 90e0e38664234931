// All public functions, and the broken variants beside them.

import type { Act } from './act.js'
import { actsOfFiles } from './acts-of-files.js'
import { actsOfLocks } from './acts-of-locks.js'
import { actsOfRoots } from './acts-of-roots.js'
import { actsOfStores } from './acts-of-stores.js'
import { actsOfTrees } from './acts-of-trees.js'
import { brokenActs } from './broken-acts.js'

export const acts: readonly Act[] = [...actsOfFiles, ...actsOfTrees, ...actsOfLocks, ...actsOfRoots, ...actsOfStores]

export function actOf(name: string): Act {
  const act = [...acts, ...brokenActs].find(one => one.name === name)
  if (!act) throw new Error(`There is no such act: ${name}`)
  return act
}
