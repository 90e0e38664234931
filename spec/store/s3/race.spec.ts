// A store in S3, raced by eight processes: nothing is lost, and one makes what all want to make, also where replies are
// cut.

import { basename } from 'node:path'
import { s3Store } from 'holdfast/s3'
import type { Store } from 'holdfast/store'
import { contender } from 'holdfast/testing'
import { afterwards, assert, note, raced, scratch, sized } from '../../support/kit.js'
import { type Faults, type S3Server, startS3 } from '../../support/s3-server.js'
import { type Race, raceAdders, raceCreators, storePlays, storeRaces } from '../../support/store-races.js'

const variable = 'HOLDFAST_SPEC_S3'
const name = 'fetch'
/** Each race has a prefix of its own. */
const open = (dir: string): Store<unknown> =>
  s3Store(fetch, { bucket: 'specs', prefix: `${basename(dir)}/`, endpoint: process.env[variable] ?? '' })

/** One server for all races: the processes have its address in their environment, so that they can play in each. */
let shared: Promise<S3Server> | undefined
afterwards(async () => (await shared)?.close())
async function startOnce(): Promise<S3Server> {
  shared ??= startS3()
  const server = await shared
  process.env[variable] = server.endpoint
  return server
}

const additions = sized(15, 500)

/** What becomes of requests while one key is updated. */
const fates: Readonly<Record<string, Faults['fate']>> = {
  'all is well': () => undefined,
  'every tenth reply is lost, and every tenth request is put off': change =>
    (({ 4: 'conflict', 9: 'reply lost' }) as const)[change % 10],
}

const plays = storePlays(name, async dir => open(dir), additions)

if (!contender(plays)) {
  // The others are in what follows, and at full size they are run by themselves as well.
  for (const [title, run] of storeRaces.filter(([title]) => sized(/linearizable|once|whole|lease/.test(title), true)))
    declare(`${name}: ${title}`, one => run(one))

  for (const [what, fate] of Object.entries(fates).slice(sized(1, 0)))
    declare(`8 processes, and ${what}: no update is lost, and one makes what all want to make`, async (one, server) => {
      const { counts, faults } = server
      const before = { ...counts }
      faults.fate = fate
      await raceAdders({ ...one, mostUnknown: () => (counts.lost - before.lost) / 2 })
      faults.fate = () => undefined
      await raceCreators(one)
      const [refused, lost] = [counts.refused - before.refused, counts.lost - before.lost]
      note(`${refused} conditions were refused, ${lost} replies were lost`)
      assert.ok(refused > 0, 'no two met')
    })
}

function declare(title: string, body: (one: Race, server: S3Server) => Promise<void>): void {
  raced(title, async () => {
    const [server, dir] = [await startOnce(), scratch()]
    await body({ file: import.meta.url, name, dir, store: open(dir), additions }, server)
  })
}
