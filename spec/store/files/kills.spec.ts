// A process is killed at each call to the system of each operation: what the next caller finds, and what sweep leaves.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Call, dual, type Steps } from 'holdfast/steps'
import { type Entry, type FileStoreOptions, fileStore, type Gone, getOrSet, type Store } from 'holdfast/store'
import { contender, type Play } from 'holdfast/testing'
import { opsThat } from '../../../lib/core/traits.js'
import { through } from '../../broken/interfere.js'
import { assert, everyPlace, memory, note, places, race, raced, scratch, sized } from '../../support/kit.js'
import { soonOnWindows } from '../../support/left.js'
import { isScanned } from '../../windows/flavour.js'

const inline = opsThat('inline', 'waits')

/** Calls `at` before each call to the system; calls that are made together count each. */
const counting = <T>(steps: Steps<T>, at: (number: number) => void): Steps<T> => {
  let made = 0
  return through(steps, (call: Call) => {
    if (!inline.has(call.op)) at(made++)
    return call
  })
}

const long = (text: string): string => `${text}, which is long enough for a file of its own`
type Found = Entry<string> | Gone | undefined

interface Operation {
  readonly run: (store: Store<string>) => Steps<unknown>
  /** What is there before. */
  readonly lay: (store: Store<string>) => void
  /** What may be there afterwards. */
  readonly allows: (found: Found) => boolean
}

const isOld = (found: Found): boolean => found?.value === long('old') && found.expires === undefined
const isNew = (found: Found): boolean => found?.value === long('new')
const layOld = (store: Store<string>): void => void store.create.sync('k', long('old'))

const operations: Readonly<Record<string, Operation>> = {
  'create, the first one': {
    run: store => store.create.steps('k', long('new')),
    lay: () => {},
    allows: found => found === undefined || isNew(found),
  },
  create: {
    run: store => store.create.steps('k', long('new')),
    lay: store => void store.create.sync('other', 'x'),
    allows: found => found === undefined || isNew(found),
  },
  update: {
    run: store => store.update.steps('k', ({ value }) => value.replace('old', 'new')),
    lay: layOld,
    allows: found => isOld(found) || isNew(found),
  },
  remove: { run: store => store.remove.steps('k'), lay: layOld, allows: found => found === undefined || isOld(found) },
  'remove with a tombstone': {
    run: store => store.remove.steps('k', { tombstone: 3_600_000 }),
    lay: layOld,
    allows: found => found?.gone === true || isOld(found),
  },
  touch: {
    run: store => store.touch.steps('k', 3_600_000),
    lay: layOld,
    allows: found => found?.value === long('old'),
  },
  'get with touch': {
    run: store => store.get.steps('k', { touch: 36_000_000 }),
    lay: store => void store.create.sync('k', long('old'), { ttl: 18_000_000 }),
    allows: found => found?.value === long('old'),
  },
  getOrSet: {
    run: store => getOrSet.steps(store, 'k', () => long('new')),
    lay: store => void store.create.sync('other', 'x'),
    allows: found => found === undefined || isNew(found),
  },
  'getOrSet, anew': {
    run: store => getOrSet.steps(store, 'k', () => long('new'), { refresh: true }),
    lay: layOld,
    allows: found => isOld(found) || isNew(found),
  },
  sweep: {
    run: store => store.sweep.steps(),
    lay: store => {
      layOld(store)
      store.create.sync('expired', long('old'), { ttl: 1 })
      store.create.sync('expired too', 'short', { ttl: 1 })
    },
    allows: isOld,
  },
}

/** In `npm test` every fifth call is killed, of every fifth operation the first; a process takes long to start. */
const stride = sized(5, 1)
const callOf = (name: string, round: number): number =>
  round * stride + (Object.keys(operations).indexOf(name) % stride)

const options: FileStoreOptions<string> = { durability: sized('none', 'file'), gc: 'manual' }
const rootOf = (dir: string, name: string, round: number): string =>
  join(dir, `${name.replaceAll(/\W/g, '-')}-${round}`)

/** Opens it, so that calls of the operation itself are counted; but for the first one. */
function opened(root: string, name: string): Store<string> {
  const store = fileStore<string>(root, options)
  if (name !== 'create, the first one') store.get.sync('none')
  return store
}

const plays = Object.fromEntries(
  Object.entries(operations).map(([name, { run }]): [string, Play] => [
    name.replaceAll(' ', '_'),
    (dir, round) => {
      const store = opened(rootOf(dir, name, round), name)
      const killed = counting(
        run(store),
        number => void (number === callOf(name, round) && process.kill(process.pid, 'SIGKILL')),
      )
      return dual(() => killed)().then(() => undefined)
    },
  ]),
)

/** Everything below, but for directories of shards, and the file that says the format. */
const leftIn = (root: string): string[] =>
  (readdirSync(root, { recursive: true }) as string[]).filter(name => !/^([0-9a-f]{2}|holdfast\.json)$/.test(name))

/** Makes what is there before, in a process that ends: what a living one has made is never swept. */
function layAll(dir: string, rounds: number): void {
  const env = { ...process.env, HOLDFAST_LAYS: JSON.stringify({ dir, rounds }) }
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], { env, encoding: 'utf8' })
  assert.is(status, 0, stderr)
}

function layHere(text: string): void {
  const { dir, rounds } = JSON.parse(text) as { dir: string; rounds: number }
  for (const [name, { lay }] of Object.entries(operations))
    for (let round = 0; round < rounds; round++) lay(fileStore(rootOf(dir, name, round), options))
}

/** The next caller finds what was there, or what the operation has made of it, and goes on from there. */
async function checkNext(root: string, { allows }: Operation): Promise<void> {
  const store = fileStore<string>(root, options)
  const found = store.get.sync('k')
  assert.ok(allows(found), `there is ${JSON.stringify(found)}`)
  const isLive = found !== undefined && !found.gone
  assert.is(store.create.sync('k', 'x').ok, found === undefined)
  if (!found?.gone) assert.ok(store.update.sync('k', ({ value }) => `${value}!`).ok)
  assert.is(fileStore<string>(root).get.sync('k')?.value, found?.gone ? undefined : `${isLive ? found.value : 'x'}!`)
  store.sweep.sync()
  for (const key of ['k', 'other']) store.remove.sync(key)
  // A cell, and the token that remembers the deletion.
  // On Windows a file that a scanner has open goes a moment later.
  await soonOnWindows(() => {
    const left = leftIn(root)
    assert.is(left.length, found?.gone ? 2 : 0, `these are left behind: ${left}`)
  })
}

const { HOLDFAST_LAYS } = process.env
if (HOLDFAST_LAYS) layHere(HOLDFAST_LAYS)
else if (!contender(plays))
  for (const { kind, dir: place } of sized(
    places.filter(({ dir }) => dir === memory || places.length === 1),
    everyPlace,
  ))
    raced(
      `on ${kind}: a process is killed at ${sized('every fifth', 'each')} call of each operation: the next caller is right`,
      async () => {
        const dir = scratch(place)
        const counts = Object.entries(operations).map(([name, { run, lay }]) => {
          const root = rootOf(dir, name, -1)
          lay(fileStore(root, options))
          let calls = 0
          const count = () => void calls++
          dual(() => counting(run(opened(root, name)), count)).sync()
          return calls
        })
        note(
          `${kind}: ${Object.keys(operations)
            .map((name, at) => `${name} has ${counts[at]} calls`)
            .join('; ')}`,
        )
        assert.ok(Math.min(...counts) > 0)
        const rounds = Math.ceil(Math.max(...counts) / stride)
        layAll(dir, rounds)
        const history = await race(import.meta.url, {
          dir,
          cast: Object.fromEntries(Object.keys(plays).map(role => [role, 1])),
          rounds,
        })
        for (const round of history.keys())
          for (const [name, operation] of Object.entries(operations))
            await checkNext(rootOf(dir, name, round), operation)
        const died = history.flat().filter(({ how }) => how === 'died').length
        // A promise form may make a call inline, or not, but it makes the same calls; but for those that a scanner costs.
        const calls = counts.reduce((sum, count) => sum + count, 0)
        assert.ok(died >= (calls / stride) * (isScanned ? 0.5 : 0.9), `${died} died, of ${counts}`)
      },
    )
