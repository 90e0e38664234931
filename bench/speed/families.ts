// Everything that is measured, in the order in which it is shown.

import { caching } from './caches.js'
import { contents } from './content.js'
import { limiting } from './limits.js'
import { locks } from './locks.js'
import { mkdirps } from './mkdirp.js'
import { naming } from './names.js'
import { publishing } from './publish.js'
import { sharing } from './shared-files.js'
import { storing } from './stores.js'
import { trees } from './trees.js'
import { belowRoot } from './within.js'
import type { Family } from './work.js'
import { writings } from './write-file.js'

export const families: readonly Family[] = [
  mkdirps,
  publishing,
  ...writings,
  naming,
  trees,
  locks,
  sharing,
  belowRoot,
  storing,
  contents,
  caching,
  limiting,
]

/** The families, with only those works whose own name or family name contains `only`. */
export const familiesWith = (all: readonly Family[], only: string): Family[] =>
  all
    .map(({ name, works }) => ({ name, works: works.filter(work => `${name} ${work.name}`.includes(only)) }))
    .filter(({ works }) => works.length > 0)
