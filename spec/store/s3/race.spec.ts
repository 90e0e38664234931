// A store in S3, raced by eight processes: nothing is lost, and one makes what all want to make, also where replies are cut.

import { s3Store } from 'holdfast/s3'
import type { Store } from 'holdfast/store'
import { contender, race } from 'holdfast/testing'
import { careless } from '../../broken/careless-s3.js'
import { assert, note, raced, scratch, sized } from '../../support/kit.js'
import { type Fate, type S3Server, startS3 } from '../../support/s3-server.js'
import { assertAllKept, assertOneMade, storePlays } from '../../support/store-race.js'

const endpointVariable = 'HOLDFAST_SPEC_S3'
const options = () => ({ bucket: 'specs', prefix: 'race/', endpoint: process.env[endpointVariable] ?? '' })
const open = (): Store<number> => s3Store<number>(fetch, options())
const times = sized(20, 500)
const rounds = sized(25, 200)

const plays = storePlays(async () => open(), times)
const carelessPlay = async () => {
  for (let turn = 0; turn < times; turn++) await careless(options().endpoint)
}

if (!contender({ ...plays, careless: carelessPlay })) {
  const withServer = (body: (server: S3Server) => Promise<void>) => async () => {
    const server = await startS3()
    process.env[endpointVariable] = server.endpoint
    try {
      await body(server)
    } finally {
      await server.close()
    }
  }
  const inTime = { dir: scratch(), timeout: sized(120_000, 3_600_000) }

  const everyTenth = (fate: Fate) => (change: number) => (change % 10 === 9 ? fate : undefined)
  const fates = {
    'all is well': undefined,
    'every tenth reply is lost': 'reply lost',
    'every tenth is put off': 'conflict',
  } as const
  for (const [what, fate] of Object.entries(fates))
    raced(
      `8 processes update one key, and ${what}: no update is lost`,
      withServer(async server => {
        await open().create('count', 0)
        if (fate) server.faults.fate = everyTenth(fate)
        const [results = []] = await race(import.meta.url, { ...inTime, cast: { adder: 8 }, rounds: 1 })
        server.faults.fate = () => undefined
        const unknown = await assertAllKept(open(), results, times)
        const { refused, lost } = server.counts
        note(`${refused} conditions were refused, ${lost} replies were lost`)
        assert.ok(refused > 0, 'no two met')
        if (fate === 'reply lost') assert.ok(lost > 0)
        else assert.is(unknown, 0)
        if (unknown > 0) assert.ok(unknown < times, 'most are found out')
      }),
    )

  raced(
    '8 processes create one key: one does, and all others are given what it has made',
    withServer(async server => {
      const after = assertOneMade
      await race(import.meta.url, { ...inTime, cast: { maker: 8 }, rounds, after })
      assert.ok(server.counts.refused > 0, 'no two met')
    }),
  )

  raced(
    'without conditions, updates are lost: the race can fail',
    withServer(async server => {
      await careless(server.endpoint)
      await race(import.meta.url, { ...inTime, cast: { careless: 8 }, rounds: 1 })
      const kept = (await careless(server.endpoint)) - 2
      note(`kept ${kept} of ${8 * times}`)
      assert.ok(kept < 8 * times)
    }),
  )
}
