// Real processes at one store: no update is lost, one create makes the entry, and what all calls returned fits into one
// order.

import { fileStore } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { places, scratch, sized } from '../support/kit.js'
import { catchStore, raceStore, storePlays } from '../support/timed-races.js'

const plays = storePlays(place => fileStore<number>(place, { durability: 'none' }))

if (!contender(plays)) {
  for (const { kind, dir } of sized(places.slice(-1), places))
    raceStore(import.meta.url, `files on ${kind}`, () => scratch(dir))
  catchStore(import.meta.url, 'files', () => scratch(places.at(-1)?.dir))
}
