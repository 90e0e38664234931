// Eight processes put, check out, lease, evict, verify and remove, and some are killed: what is leased or was just put can
// be read, no byte is wrong, and no call is rejected.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { sweep } from 'holdfast'
import { type ContentStore, contentStore } from 'holdfast/content'
import { driveSync } from 'holdfast/steps'
import { contender, overlaps, type Play } from 'holdfast/testing'
import { evictFixed, putFixed } from '../broken/content.js'
import { mountCaseless } from '../support/caseless.js'
import { killedWithin } from '../support/killed-when.js'
import { assert, catchInRace, note, placesAnd, race, raced, scratch, sized } from '../support/kit.js'
import { privateNames } from '../support/trees.js'

const roundMs = sized(700, 1000)
const leastTurns = 40
const rounds = sized(2, 60)
/** In full size, five are killed in each second. */
const cast = sized({ worker: 6, victim: 2 }, { worker: 3, victim: 5 })
const keys = 24
const blockBytes = 4096
const largest = 5 * blockBytes

const dataOf = (key: number): Buffer => Buffer.alloc(100 + ((key * 997) % (largest - 100)), `blob ${key} `)
const digestOf = (data: Uint8Array): string => `sha256-${createHash('sha256').update(data).digest('hex')}`
const all = Array.from({ length: keys }, (_, key) => {
  const data = dataOf(key)
  return { data, digest: digestOf(data) }
})
const maxBytes = 20 * blockBytes
const options = { durability: 'none', maxBytes, evictBytes: 4 * blockBytes } as const

/** What a process has seen. */
const none = {
  explained: 0,
  put: 0,
  made: 0,
  leased: 0,
  missed: 0,
  linked: 0,
  copied: 0,
  together: 0,
  evicted: 0,
  removed: 0,
  wrong: 0,
  lost: 0,
}
type Seen = { -readonly [K in keyof typeof none]: number } & { failed: string[]; mostBytes: number }

const pick = (): (typeof all)[number] => all[Math.floor(Math.random() * keys)] as (typeof all)[number]

async function live(dir: string, round: number, number: number): Promise<Seen> {
  const store = contentStore(join(dir, 'store'), options)
  const seen: Seen = { ...none, failed: [], mostBytes: 0 }
  const out = join(dir, `out-${round}-${number}-${process.pid}`)
  mkdirSync(out, { recursive: true })
  const until = Date.now() + roundMs
  for (let turn = 0; Date.now() < until || turn < leastTurns; turn++)
    try {
      await act(store, seen, join(out, `${turn}`))
    } catch (error) {
      seen.failed.push(String((error as Error).stack ?? error).slice(0, 500))
    }
  await store.close()
  return seen
}

async function act(store: ContentStore, seen: Seen, to: string): Promise<void> {
  const { data, digest } = pick()
  const chance = Math.random()
  if (chance < 0.4) await putAndRead(store, seen, data)
  else if (chance < 0.5) await checkOut(store, seen, digest, data, to)
  else if (chance < 0.6) await checkOutMany(store, seen, to)
  else if (chance < 0.7) await leaseAndRead(store, seen)
  else if (chance < 0.75) await askAndRead(store, seen, digest, data)
  else if (chance < 0.82) seen.removed += Number(await store.remove(digest))
  else if (chance < 0.88) seen.wrong += (await store.verify()).bad.length
  else if (chance < 0.94) seen.evicted += (await store.evict()).count
  else seen.mostBytes = Math.max(seen.mostBytes, (await store.usage()).bytes)
}

async function putAndRead(store: ContentStore, seen: Seen, data: Buffer): Promise<void> {
  const isStream = Math.random() < 0.3
  const { digest, made, lease } = await store.put(isStream ? [data.subarray(0, 50), data.subarray(50)] : data)
  seen.put++
  seen.made += Number(made)
  judge(seen, await store.read(digest), data)
  await lease.release()
}

/** What was there, and is not leased, may be evicted before it is read. */
async function askAndRead(store: ContentStore, seen: Seen, digest: string, data: Buffer): Promise<void> {
  if (!(await store.has(digest))) return
  try {
    const found = await store.read(digest)
    if (found && !found.equals(data)) seen.wrong++
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_EVICTED') throw error
    seen.explained++
  }
}

/** What is leased must be there, and right. */
function judge(seen: Seen, found: Buffer | undefined, data: Buffer): void {
  if (!found) seen.lost++
  else if (!found.equals(data)) seen.wrong++
}

async function checkOut(store: ContentStore, seen: Seen, digest: string, data: Buffer, to: string): Promise<void> {
  const done = await store.checkout(digest, to)
  if (done === undefined) {
    seen.missed++
    return
  }
  seen[done === 'linked' ? 'linked' : 'copied']++
  if (!readFileSync(to).equals(data)) seen.wrong++
  unlinkSync(to)
}

async function checkOutMany(store: ContentStore, seen: Seen, to: string): Promise<void> {
  const some = [pick(), pick(), pick()].map(({ data, digest }, at) => ({ data, digest, path: `${to}-${at}` }))
  const done = await store.checkoutMany(some.map(({ digest, path }) => [digest, path] as const))
  for (const { data, path } of some)
    if (done.get(path)) {
      seen.together++
      if (!readFileSync(path).equals(data)) seen.wrong++
      unlinkSync(path)
    } else seen.missed++
}

async function leaseAndRead(store: ContentStore, seen: Seen): Promise<void> {
  const some = [pick(), pick(), pick()]
  const lease = await store.lease(some.map(({ digest }) => digest))
  for (const { digest, data } of some)
    if (!lease.missing.includes(digest)) {
      seen.leased++
      judge(seen, await store.read(digest), data)
    }
  await lease.release()
}

const plays: Record<string, Play> = {
  worker: live,
  victim: (dir, round, number) => {
    killedWithin(roundMs)
    return live(dir, round, number + 100).then(() => new Promise(() => setTimeout(() => {}, 60_000)))
  },
  'fixed-putter': (dir, round, number) => {
    let lost = 0
    for (let turn = 0; turn < 200; turn++) {
      const who = `${round}-${number}-${turn}`
      const path = driveSync(putFixed(dir, 'blob', who))
      try {
        readFileSync(path)
      } catch {
        lost++
      }
      unlinkSync(join(dir, `lease-${who}`))
    }
    return lost
  },
  'fixed-evictor': dir => {
    const hex = createHash('sha256').update('blob').digest('hex')
    for (let turn = 0; turn < 2000; turn++) driveSync(evictFixed(dir, hex))
    return 0
  },
}

const total = (results: readonly Seen[], of: keyof typeof none): number =>
  results.reduce((sum, one) => sum + one[of], 0)

async function raceOn(kind: string, dir: string): Promise<void> {
  const history = await race(import.meta.url, { dir, cast, rounds })
  const seen = history.flat().flatMap(({ value }) => (value as Seen | null | undefined) ?? [])
  const threw = history.flat().filter(({ how }) => how === 'threw')
  assert.equal(
    threw.map(({ message }) => message),
    [],
  )
  const killed = history.flat().filter(({ how }) => how === 'died').length
  const sums = Object.keys(none).map(of => `${total(seen, of as keyof typeof none)} ${of}`)
  const mostBytes = Math.max(...seen.map(one => one.mostBytes))
  note(`${kind}: ${sums.join(', ')}; ${killed} killed; at most ${mostBytes} bytes of ${maxBytes}`)
  assert.equal(
    seen.flatMap(({ failed }) => failed),
    [],
  )
  assert.equal([total(seen, 'wrong'), total(seen, 'lost')], [0, 0])
  // Not leased, and one more for each that puts.
  assert.ok(mostBytes <= maxBytes + 8 * largest, `${mostBytes} bytes`)
  assert.is(killed, cast.victim * rounds)
  assert.ok(total(seen, 'missed') > 0 && total(seen, 'evicted') > 0 && history.every(overlaps), 'no contention')
  const store = contentStore(join(dir, 'store'), options)
  // A checkout that is a copy may have been cut off as well.
  await sweep(dir, { recursive: true })
  assert.equal(privateNames(dir), [])
  assert.equal((await store.verify()).bad, [])
  const { left } = await store.evict()
  assert.ok(left.bytes <= maxBytes && left.bad === 0)
}

if (!contender(plays)) {
  const title = `eight processes, of which ${cast.victim} are killed: nothing leased is lost, no byte is wrong`
  for (const { kind, dir: place } of placesAnd('xfs'))
    raced(`race on ${kind}: ${title}`, () => raceOn(kind, scratch(place)))

  // Each call there is one of a FUSE server, too.
  if (sized(false, true)) {
    const mounted = mountCaseless('exFAT')
    if ('why' in mounted) raced.skip(`race on exFAT: ${title}`, mounted.why)
    else {
      // Before the scratch directory is removed; also when the race was not chosen.
      process.prependListener('exit', mounted.unmount)
      raced(`race on exFAT, where there are no links: ${title}`, () => raceOn('exFAT', mounted.dir))
    }
  }

  raced('the same race catches: a fixed name for each digest, which a late eviction takes', async () => {
    const dir = scratch()
    const round = await catchInRace(
      import.meta.url,
      { dir, cast: { 'fixed-putter': 4, 'fixed-evictor': 4 }, rounds: 30 },
      results => results.some(({ value }) => (value as number) > 0),
    )
    note(`what was just put was gone in round ${round}`)
  })
}
