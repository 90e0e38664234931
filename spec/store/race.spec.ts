// Real processes at one store in a directory, and some are killed: no update is lost, one create makes the entry, each value is
// made once, and what all calls returned fits into one order.

import { join } from 'node:path'
import { fileStore, type Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { places, raced, scratch, sized } from '../support/kit.js'
import { raceHastyHeirs, raceNaiveReaders, storePlays, storeRaces } from '../support/store-races.js'

const openAt = (dir: string): Store<unknown> => fileStore(join(dir, 'store'), { durability: 'none' })

const name = 'files'
const plays = storePlays(name, async dir => openAt(dir))

const caught = [
  ['who waits for no lease works beside a living holder', raceHastyHeirs],
  ['a generation of a scope that is kept in memory finds what was dropped', raceNaiveReaders],
] as const

if (!contender(plays))
  for (const { kind, dir: place } of sized(places.slice(-1), places))
    for (const [title, run] of [...storeRaces, ...caught])
      raced(`${name} on ${kind}: ${title}`, async () => {
        const dir = scratch(place)
        await run({ file: import.meta.url, name, dir, store: openAt(dir) })
      })
