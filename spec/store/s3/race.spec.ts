// A store in S3, raced by eight processes: nothing is lost, and one makes what all want to make, also where replies are
// cut.

import { s3Store } from 'holdfast/s3'
import type { Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { assert, note, raced, scratch, sized } from '../../support/kit.js'
import { type Faults, type S3Server, startS3 } from '../../support/s3-server.js'
import { type Race, raceAdders, raceCreators, storePlays, storeRaces } from '../../support/store-races.js'

const variable = 'HOLDFAST_SPEC_S3'
const name = 'fetch'
const open = (): Store<unknown> =>
  s3Store(fetch, { bucket: 'specs', prefix: 'race/', endpoint: process.env[variable] ?? '' })
const additions = sized(15, 500)

/** What becomes of requests while one key is updated. */
const fates: Readonly<Record<string, Faults['fate']>> = {
  'all is well': () => undefined,
  'every tenth reply is lost, and every tenth request is put off': change =>
    (({ 4: 'conflict', 9: 'reply lost' }) as const)[change % 10],
}

const plays = storePlays(name, async () => open(), additions)

if (!contender(plays)) {
  // The others are in what follows, and at full size they are run by themselves as well.
  for (const [title, run] of storeRaces.filter(([title]) => sized(/linearizable|once/.test(title), true)))
    declare(`${name}: ${title}`, one => run(one))

  for (const [what, fate] of Object.entries(fates).slice(sized(1, 0)))
    declare(`8 processes, and ${what}: no update is lost, and one makes what all want to make`, async (one, server) => {
      const { counts, faults } = server
      faults.fate = fate
      await raceAdders({ ...one, mostUnknown: () => counts.lost / 2 })
      faults.fate = () => undefined
      await raceCreators(one)
      note(`${counts.refused} conditions were refused, ${counts.lost} replies were lost`)
      assert.ok(counts.refused > 0, 'no two met')
    })
}

function declare(title: string, body: (one: Race, server: S3Server) => Promise<void>): void {
  raced(title, async () => {
    const server = await startS3()
    process.env[variable] = server.endpoint
    try {
      await body({ file: import.meta.url, name, dir: scratch(), store: open(), additions }, server)
    } finally {
      await server.close()
    }
  })
}
