// Holders that are dead, each in another way, and three heirs at a time: each lock is taken over, at one look, and by one
// of them. Holders that live, and cannot be told from the dead by what is usually asked: none is robbed.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Lease, lock } from 'holdfast'
import { heldFields } from '../../lib/lock/token.js'
import { allAtOnce, assert, clock, note, places, raced, scratch, sized } from '../support/kit.js'
import { assertApart, type Held, layLock } from '../support/locks.js'

/**
 * For how long (ms) a holder promises never to be silent: one that will be killed, and one that makes heartbeats. A slow disk
 * or a busy machine may keep it, or its heirs, from their calls for a second or two.
 */
const stale = 5000
const lifelong = 10_000
/** The margin that a filesystem's clock is given. */
const marginMs = 2000
const dead = sized(3, 100)
const heirs = 3
const ways = ['lock.try', 'a timeout shorter than `stale`', 'waiting'] as const
type Way = (typeof ways)[number]

interface Task {
  readonly paths: readonly string[]
  readonly way?: Way
  /** When to begin, on the clock that all share. */
  readonly at?: number
  readonly blocks?: boolean
  readonly stale?: number
  /** Milliseconds for which it tries to rob. */
  readonly robsForMs?: number
}

/** What an heir has got: of which lock, and after how many milliseconds. */
interface Got {
  readonly path: string
  readonly held: Held
  readonly ms: number
}

// ---- What a child does ----

async function child(task: Task): Promise<void> {
  if (task.way) {
    console.log(JSON.stringify(await inherit(task, task.way)))
    // What it holds is not the next one's, as long as it lives.
    return void setInterval(() => {}, 1000)
  }
  if (task.robsForMs) return console.log(JSON.stringify(await rob(task.paths[0] as string, task.robsForMs)))
  const leases = task.paths.map(path => lock.sync(path, { stale: task.stale ?? stale }))
  console.log('"held"')
  if (task.blocks) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000)
  const timer = setInterval(() => {}, 1000)
  process.on('SIGTERM', () => {
    for (const lease of leases) lease.release.sync()
    clearInterval(timer)
  })
}

async function inherit({ paths, at = 0 }: Task, way: Way): Promise<Got[]> {
  const all: Got[] = []
  await wait(at - clock())
  for (const path of paths) {
    const began = clock()
    const lease = await take(path, way)
    if (!lease) continue
    const from = clock()
    // Those that look once keep it, because the next one would find it free.
    const to = way === 'waiting' ? clock() : Number.MAX_VALUE
    if (way === 'waiting') await lease.release()
    else kept.push(lease)
    all.push({ path, held: [lease.fence, from, to], ms: from - began })
  }
  return all
}

const kept: Lease[] = []

async function take(path: string, way: Way): Promise<Lease | undefined> {
  if (way === 'lock.try') return await lock.try(path)
  if (way === 'waiting') return await lock(path, { timeout: 60_000 })
  return await lock(path, { timeout: 0.7 * stale }).catch(ignoreBusy)
}

/** On a busy machine there is no time to find out who holds it. */
function ignoreBusy(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ERR_LOCK_HELD' && error.code !== 'ERR_TIMEOUT') throw error
}

/** Tries all that might rob a holder, with a patience of its own that is much shorter. Returns how often it was tried. */
async function rob(path: string, ms: number): Promise<number> {
  let tries = 0
  for (const until = clock() + ms; clock() < until || tries < 6; tries += 2) {
    const robbed =
      (await lock.try(path, { stale: 20 })) ?? (await lock(path, { stale: 20, timeout: 50 }).catch(ignoreBusy))
    assert.is(robbed, undefined, 'a holder that lives was robbed')
  }
  return tries
}

// ---- Where children live ----

const hidesBootId = 'mount --bind /dev/null /proc/sys/kernel/random/boot_id && exec "$@"'
const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
const wrappers = {
  here: [],
  'another pid namespace': apart,
  'another time namespace': ['unshare', '--time', '--monotonic', '86400', '--fork', '--kill-child'],
  'a container without a boot id': [...apart, '--mount', 'sh', '-c', hidesBootId, 'sh'],
} as const
type Home = keyof typeof wrappers

const isPossible = (home: Home): boolean => {
  const [command, ...args] = [...wrappers[home], 'true'] as [string, ...string[]]
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

function start(task: Task, home: Home = 'here', env: NodeJS.ProcessEnv = {}): ChildProcess {
  const [command, ...args] = [...wrappers[home], process.execPath, fileURLToPath(import.meta.url)] as [
    string,
    ...string[],
  ]
  const all = { ...process.env, ...env, HOLDFAST_CHILD: JSON.stringify(task) }
  return spawn(command, args, { env: all, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The first line that it prints. */
async function said<T>(one: ChildProcess): Promise<T> {
  let text = ''
  for await (const chunk of one.stdout as NodeJS.ReadableStream) {
    text += chunk
    if (text.endsWith('\n')) break
  }
  return JSON.parse(text)
}

// ---- The dead ----

/** Leaves the locks behind as they are when their holder has died in that way. */
type Leave = (paths: readonly string[]) => Promise<void>

const killedIn =
  (home: Home, silentForMs: number): Leave =>
  async paths => {
    const one = start({ paths }, home)
    await said(one)
    one.kill('SIGKILL')
    await once(one, 'close')
    await wait(silentForMs)
  }

/** Its clock is not that of this boot, so the filesystem has to say how long it is silent. */
const ofAnotherBoot: Leave = async paths => {
  const owner = 'before-before-1-1-0-0-0'
  for (const path of paths) layLock(path, heldFields({ fence: 1, owner, id: '0123456789abcdef', staleMs: stale }, 5))
  await wait(stale + marginMs + 100)
}

const deaths: Readonly<Record<string, Leave>> = {
  'killed, same boot': killedIn('here', 0),
  ...(isPossible('another pid namespace') && {
    'killed in another pid namespace': killedIn('another pid namespace', stale + 100),
  }),
  'held in an earlier boot, or on another machine': ofAnotherBoot,
}

/** The ways take turns, so that what is measured is not how busy the machine is. */
async function inherited(dir: string, leave: Leave): Promise<string> {
  const pathsOf = (way: Way) => Array.from({ length: dead }, (_, at) => join(dir, `${ways.indexOf(way)}-${at}`))
  await leave(ways.flatMap(pathsOf))
  const notes: string[] = []
  for (const way of ways) {
    const task = { paths: pathsOf(way), way, at: clock() + 500 }
    const processes = Array.from({ length: heirs }, () => start(task))
    const all = (await Promise.all(processes.map(one => said<Got[]>(one)))).flat()
    for (const one of processes) one.kill('SIGKILL')
    for (const path of task.paths) {
      const taken = all.filter(one => one.path === path).map(({ held }) => held)
      assertApart(taken)
      assert.is(taken.length, way === 'waiting' ? heirs : 1, `${way}: taken ${taken.length} times`)
    }
    const longest = Math.max(...all.map(({ ms }) => ms))
    notes.push(`${way}: ${dead} of ${dead} taken, 0 twice, the slowest after ${longest.toFixed(1)} ms`)
  }
  return notes.join('\n   ')
}

// ---- The living ----

const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const wallClock = (shift: string): NodeJS.ProcessEnv =>
  existsSync(faketime) ? { LD_PRELOAD: faketime, FAKETIME: shift, FAKETIME_DONT_FAKE_MONOTONIC: '1' } : {}

interface Life {
  readonly task?: Partial<Task>
  readonly home?: Home
  readonly stops?: boolean
  readonly robber?: { readonly home?: Home; readonly env?: NodeJS.ProcessEnv }
}

const lives: Readonly<Record<string, Life>> = {
  'computes without a pause': { task: { blocks: true, stale: 500 } },
  'is stopped by SIGSTOP': { stops: true, task: { stale: 500 } },
  'is in another pid namespace': { home: 'another pid namespace' },
  'is in another time namespace': { home: 'another time namespace' },
  'is in a container without a boot id, as the robber is': {
    home: 'a container without a boot id',
    robber: { home: 'a container without a boot id' },
  },
  ...(existsSync(faketime) && {
    'is in another pid namespace, whose clock is three days behind': {
      home: 'another pid namespace',
      robber: { env: wallClock('+3d') },
    },
    'is in another pid namespace, whose clock is three days ahead': {
      home: 'another pid namespace',
      robber: { env: wallClock('-3d') },
    },
  }),
}

async function notRobbed(path: string, { task, home, stops, robber = {} }: Life): Promise<string> {
  const holder = start({ paths: [path], stale: lifelong, ...task }, home)
  await said(holder)
  if (stops) holder.kill('SIGSTOP')
  const tries = await said<number>(start({ paths: [path], robsForMs: sized(3_000, 30_000) }, robber.home, robber.env))
  if (stops) holder.kill('SIGCONT')
  // Whatever it lives in ends with it.
  holder.kill(home ? 'SIGKILL' : 'SIGTERM')
  await once(holder, 'close')
  await using _ = await lock(path, { timeout: 60_000 })
  assert.ok(tries > 4)
  return `${tries} tries, not robbed`
}

if (process.env.HOLDFAST_CHILD) await child(JSON.parse(process.env.HOLDFAST_CHILD))
else if (process.platform !== 'linux') raced.skip('the dead and the living', 'elsewhere there are no such places')
else {
  const acts = places.flatMap(({ kind, dir: place }) => {
    const dir = scratch(place)
    const ofTheDead = Object.entries(deaths).map(([death, leave]) => ({
      name: `on ${kind}: of holders that were ${death}, each is followed by one heir, at one look`,
      begin: () => inherited(scratch(place), leave),
    }))
    const ofTheLiving = Object.entries(lives)
      .filter(([, { home = 'here', robber }]) => isPossible(home) && isPossible(robber?.home ?? 'here'))
      .map(([life, how], at) => ({
        name: `on ${kind}: a holder that ${life} is not robbed`,
        begin: () => notRobbed(join(dir, `life-${at}`), how),
      }))
    return [...ofTheDead, ...ofTheLiving]
  })
  const resultOf = allAtOnce(acts.map(({ begin }) => begin))
  for (const [at, { name }] of acts.entries()) raced(name, async () => note(await resultOf(at)))
}
