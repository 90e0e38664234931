// A store in S3, raced by eight processes: nothing is lost, and one makes what all want to make, also where replies are
// cut.

import { s3Store } from 'holdfast/s3'
import type { Store } from 'holdfast/store'
import { contender, race } from 'holdfast/testing'
import { careless } from '../../broken/careless-s3.js'
import { assert, note, raced, scratch, sized } from '../../support/kit.js'
import { type Faults, startS3 } from '../../support/s3-server.js'
import { assertAllKept, assertOneMade, storePlay } from '../../support/store-race.js'
import { storePlays, storeRaces } from '../../support/store-races.js'

const variable = 'HOLDFAST_SPEC_S3'
const endpoint = () => process.env[variable] ?? ''
const open = <T = number>(): Store<T> => s3Store<T>(fetch, { bucket: 'specs', prefix: 'race/', endpoint: endpoint() })
const times = sized(15, 500)
const rounds = sized(25, 200)

const carelessly = async () => {
  for (let turn = 0; turn < times; turn++) await careless(endpoint())
}

/** What becomes of requests while one key is updated. */
const fates: Readonly<Record<string, Faults['fate']>> = {
  'all is well': () => undefined,
  'every tenth reply is lost, and every tenth request is put off': change =>
    (({ 4: 'conflict', 9: 'reply lost' }) as const)[change % 10],
}

const plays = {
  player: storePlay(async () => open(), carelessly, times),
  ...storePlays('fetch', async () => open()),
}

if (!contender(plays)) {
  // The others are in what follows, and at full size they are run by themselves as well.
  for (const [title, run] of storeRaces.filter(([title]) => sized(/linearizable|once/.test(title), true)))
    raced(`fetch: ${title}`, async () => {
      const server = await startS3()
      process.env[variable] = server.endpoint
      try {
        await run({ file: import.meta.url, name: 'fetch', dir: scratch(), store: open() })
      } finally {
        await server.close()
      }
    })

  for (const [what, fate] of Object.entries(fates).slice(sized(1, 0)))
    raced(`8 processes, and ${what}: no update is lost, and one makes what all want to make`, async () => {
      const server = await startS3()
      process.env[variable] = server.endpoint
      try {
        await open().create('count', 0)
        await careless(server.endpoint)
        const before = (round: number) => {
          server.faults.fate = round === 0 ? fate : () => undefined
        }
        const all = { dir: scratch(), cast: { player: 8 }, before, timeout: sized(120_000, 3_600_000) }
        const history = await race(import.meta.url, { ...all, rounds: 2 + rounds })
        const unknown = await assertAllKept(open(), history[0] ?? [], times)
        const { refused, lost } = server.counts
        note(`${refused} conditions were refused, ${lost} replies were lost`)
        assert.ok(refused > 0, 'no two met')
        assert.ok(unknown <= lost / 2, 'most are found out')
        for (const results of history.slice(2)) assertOneMade(results)
        const kept = (await careless(server.endpoint)) - 2
        note(`without conditions ${kept} are kept of ${8 * times}`)
        assert.ok(kept < 8 * times, 'no two met')
      } finally {
        await server.close()
      }
    })
}
