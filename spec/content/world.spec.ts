// Every schedule of two or three callers of a content store: what is leased or was just put can be read, no call gets bytes
// that are not those of the digest, and what comes late takes nothing that came since.

import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CheckedOut, type ContentStore, type ContentStoreOptions, contentStore } from 'holdfast/content'
import { fs, type Steps } from 'holdfast/steps'
import type { Ending, ExploreOptions, World } from 'holdfast/testing'
import { Blobs } from '../../lib/content/blobs.js'
import { checkoutMany } from '../../lib/content/checkout-many.js'
import { removeVictims } from '../../lib/content/evict.js'
import { look } from '../../lib/content/find.js'
import { shardOf } from '../../lib/content/layout.js'
import { asSettings } from '../../lib/content/options.js'
import { checkoutManyOnce, checkoutOnce, evictFixed, fixedName, putFixed, verifyFixed } from '../broken/content.js'
import { assert, caught, explored, nobodyThrew, prove, sized } from '../support/kit.js'

const text = 'blob'
const hex = createHash('sha256').update(text).digest('hex')
const digest = `sha256-${hex}`
const quick: ContentStoreOptions = { durability: 'none' }
const rootIn = (dir: string): string => join(dir, 'store')
const storeIn = (dir: string): ContentStore => contentStore(rootIn(dir), quick)
const blobsOf = (dir: string, options: ContentStoreOptions = quick): Blobs =>
  new Blobs(asSettings(rootIn(dir), options))

/** The generations that are there. */
function generations(dir: string): string[] {
  const shard = shardOf(rootIn(dir), digest)
  return existsSync(shard) ? readdirSync(shard).map(name => join(shard, name)) : []
}

/** What each player saw that must be true for it at that moment. */
let seen: string[] = []
const see = (what: string, isTrue: boolean): void => void seen.push(`${what}: ${isTrue}`)
const checkSeen = (): void => {
  const wrong = seen.find(one => one.endsWith(': false'))
  if (wrong !== undefined) throw new Error(wrong)
}

/** Puts the blob, and looks at it while the lease is held. `bytes`: as pieces, whose digest is known at the end. */
function* puts(dir: string, who: string, data: string | string[] = text, keeps = false): Steps<boolean> {
  const store = storeIn(dir)
  const { made, lease } = yield* store.put.steps(data)
  see(`${who} has what it put`, yield* store.has.steps(digest))
  see(`${who} reads what it put`, `${yield* store.read.steps(digest)}` === text)
  if (!keeps) yield* lease.release.steps()
  return made
}

function* checksOut(dir: string, who: string): Steps<string | undefined> {
  return yield* storeIn(dir).checkout.steps(digest, join(dir, `to-${who}`))
}

type Many = (blobs: Blobs, files: readonly (readonly string[])[], options: object) => Steps<Map<string, CheckedOut>>

/** Sees the blob, and then makes two files of it together. `many`: how. */
function* checksOutTwo(dir: string, who: string, many: Many = checkoutMany): Steps<string> {
  const blobs = blobsOf(dir)
  const isKnown = (yield* look(blobs, digest, false)) !== undefined
  const paths = [join(dir, `to-${who}`), join(dir, 'to-C')]
  const done = yield* many(
    blobs,
    paths.map(path => [digest, path]),
    {},
  )
  for (const path of paths) if (done.get(path) !== undefined) see(`${who} has what it checked out`, existsSync(path))
  return `${isKnown}: ${[...done.values()].join()}`
}

function* evicts(dir: string): Steps<number> {
  const blobs = blobsOf(dir, { ...quick, maxBytes: 0 })
  return (yield* removeVictims(blobs)).gone.length
}

function* removes(dir: string): Steps<boolean> {
  return yield* storeIn(dir).remove.steps(digest)
}

function* verifies(dir: string): Steps<string> {
  const { bad } = yield* storeIn(dir).verify.steps()
  return `${bad.length} bad`
}

/** Leases the blob, and reads it while the lease is held. */
function* leases(dir: string, who: string): Steps<boolean> {
  const store = storeIn(dir)
  const lease = yield* store.lease.steps([digest])
  const isThere = lease.missing.length === 0
  if (isThere) see(`${who} reads what it leased`, `${yield* store.read.steps(digest)}` === text)
  yield* lease.release.steps()
  return isThere
}

/** A blob that nothing keeps is there. `bad`: its bytes are others, of the same number. */
function lay(dir: string, bad = false): void {
  const { lease } = storeIn(dir).put.sync(text)
  lease.release.sync()
  if (!bad) return
  const [path = ''] = generations(dir)
  const { mode } = statSync(path)
  // A blob is read-only, and only root may write to it all the same.
  chmodSync(path, 0o600)
  writeFileSync(path, 'BLOB', { flag: 'r+' })
  chmodSync(path, mode)
}

/** No call threw, what was seen was right, and every file that was made or is there has the bytes. */
function check(ending: Ending): void {
  nobodyThrew(ending)
  const { dir, outcomes } = ending
  checkSeen()
  for (const name of readdirSync(dir).filter(one => one.startsWith('to-')))
    assert.is(readFileSync(join(dir, name), 'utf8'), text)
  for (const [who, outcome] of Object.entries(outcomes))
    if (outcome.how === 'returned' && outcome.value === 'linked') assert.ok(existsSync(join(dir, `to-${who}`)))
  for (const path of generations(dir)) assert.is(readFileSync(path, 'utf8'), text)
  const isWhole = Object.values(outcomes).every(({ how }) => how === 'returned')
  if (isWhole) assert.equal(readdirSync(join(dir, 'store/leases')), [])
}

type Living = Omit<World, 'players' | 'check'> & { readonly check?: World['check'] }

const world = (players: (dir: string) => Record<string, Steps<unknown>>, budgets: Living = {}): World => ({
  setup: dir => lay(dir),
  check,
  ...budgets,
  players(dir) {
    seen = []
    return players(dir)
  },
})

const some: ExploreOptions = { preemptions: sized(1, 2) }

const worlds: readonly (readonly [what: string, of: World, bounds?: ExploreOptions])[] = [
  [
    'two writers of one digest, one killed: one generation is left',
    world(dir => ({ A: puts(dir, 'A'), B: puts(dir, 'B') }), {
      // The directories are there.
      setup(dir) {
        lay(dir)
        storeIn(dir).remove.sync(digest)
      },
      kills: sized(0, 1),
      check(ending) {
        check(ending)
        const isWhole = Object.values(ending.outcomes).every(({ how }) => how === 'returned')
        if (isWhole) assert.is(generations(ending.dir).length, 1)
      },
    }),
    some,
  ],
  ['an eviction between a look-up and its link', world(dir => ({ A: checksOut(dir, 'A'), B: evicts(dir) }))],
  [
    'an eviction, and another who wants a name, between a look-up and links that are made together',
    world(dir => ({
      A: checksOutTwo(dir, 'A'),
      B: evicts(dir),
      C: checksOut(dir, 'C'),
    })),
    some,
  ],
  [
    'a removal and a new upload between a look-up and its link',
    world(dir => ({ A: checksOut(dir, 'A'), B: removes(dir), C: puts(dir, 'C') })),
    some,
  ],
  [
    'a late upload, whose digest is known at its end, and one that comes first, beside an eviction',
    world(dir => ({ A: puts(dir, 'A', ['bl', 'ob']), B: puts(dir, 'B'), C: evicts(dir) })),
    sized<ExploreOptions>({ random: { schedules: 200 } }, { preemptions: 2 }),
  ],
  [
    'an eviction that is late, and an upload after it has looked',
    world(dir => ({ A: evicts(dir), B: removes(dir), C: puts(dir, 'C') })),
    some,
  ],
  ['a removal that is late, beside a lease', world(dir => ({ A: removes(dir), B: leases(dir, 'B') }), { lies: 1 })],
  [
    'a verifier, and an importer of a blob that is damaged',
    world(
      dir => ({
        A: verifies(dir),
        B: (function* () {
          const store = storeIn(dir)
          const { lease } = yield* store.put.steps(text)
          const done = yield* store.checkout.steps(digest, join(dir, 'to-B'))
          see('B has what it put', yield* store.has.steps(digest))
          yield* lease.release.steps()
          return done
        })(),
      }),
      {
        setup: dir => lay(dir, true),
        check(ending) {
          check(ending)
          assert.is(generations(ending.dir).length, 1)
        },
      },
    ),
    some,
  ],
  [
    'a put that fails anywhere keeps what was there',
    world(dir => ({ A: puts(dir, 'A'), B: checksOut(dir, 'B') }), { failures: 1 }),
    some,
  ],
]

for (const [what, of, bounds] of worlds)
  explored(`explored: ${what}`, () => {
    const { complete } = prove(what, of, { maxSchedules: 10_000_000, ...bounds }, () => true)
    assert.ok(complete || bounds)
  })

// ---- The same worlds catch what is usually written ----

const fixed = (players: (dir: string) => Record<string, Steps<unknown>>, laid: string | undefined = text): World => ({
  setup(dir) {
    mkdirSync(rootIn(dir))
    if (laid !== undefined) writeFileSync(fixedName(rootIn(dir), hex), laid)
  },
  players(dir) {
    seen = []
    return players(rootIn(dir))
  },
  check(ending) {
    nobodyThrew(ending)
    checkSeen()
  },
})

function* putsFixed(root: string, who: string, trusting = false): Steps<void> {
  const path = yield* putFixed(root, text, who, trusting)
  const there = yield* fs.lstat(path, { throwIfNoEntry: false })
  see(`${who} has what it put`, there !== undefined)
  if (there) see(`${who} reads what it put`, `${yield* fs.readFile(path)}` === text)
}

explored('a fixed name for each digest is caught: a late eviction takes what was put since', () => {
  caught(
    'evict, fixed name',
    /has what it put|ENOENT/,
    fixed(root => ({ A: evictFixed(root, hex), B: putsFixed(root, 'B') })),
  )
})

explored('a fixed name for each digest is caught: a late verifier takes what was healed since', () => {
  caught(
    'verify, fixed name',
    /has what it put|ENOENT/,
    fixed(root => ({ A: verifyFixed(root, hex), B: putsFixed(root, 'B') }), 'BLOB'),
  )
})

explored('presence instead of identity is caught: what is there counts as put, whatever it is', () => {
  caught(
    'put, by presence',
    /reads what it put/,
    fixed(root => ({ A: putsFixed(root, 'A', true) }), 'BLOB'),
  )
})

explored('a look-up that is not repeated is caught: the blob is evicted before its link', () => {
  caught(
    'checkout, one look',
    /A threw ENOENT/,
    world(dir => {
      const blobs = blobsOf(dir)
      const find = function* (): Steps<string | undefined> {
        return (yield* look(blobs, digest, false))?.path
      }
      return { A: checkoutOnce(find, join(dir, 'to-A')), B: evicts(dir) }
    }),
  )
})

explored('links made together whose failures nobody looks at are caught', () => {
  caught(
    'checkoutMany, no look at failures',
    /has what it checked out: false/,
    world(dir => ({ A: checksOutTwo(dir, 'A', checkoutManyOnce), B: evicts(dir) })),
  )
})
