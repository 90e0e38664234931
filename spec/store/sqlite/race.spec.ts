// Real processes share a store in SQLite, and some are killed.

import { join } from 'node:path'
import { sqliteStore } from 'holdfast/sqlite'
import type { Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { assert, raced, scratch, sized } from '../../support/kit.js'
import { openForRace, sqlite, sqlites } from '../../support/sqlite-engines.js'
import { isLong, storePlays, storeRaces } from '../../support/store-races.js'

const openAt = (name: string, dir: string): Store<unknown> =>
  sqliteStore(openForRace(sqlite(name), join(dir, 'store.db')))

const used = sqlites.filter(({ why }) => why === undefined)
const plays = Object.assign({}, ...used.map(({ name }) => storePlays(name, async dir => openAt(name, dir))))

if (!contender(plays))
  for (const { name, why } of sqlites) {
    for (const [title, run] of storeRaces.filter(([, run]) => sized(!isLong(run), true))) {
      if (why) raced.skip(`${name}: ${title}`, why)
      else
        raced(`${name}: ${title}`, async () => {
          const dir = scratch()
          const store = openAt(name, dir)
          await run({ file: import.meta.url, name, dir, store })
          const { debris } = await store.sweep()
          assert.is(debris, 0)
        })
    }
  }
