// Holders that are silent: stopped, or in a container of their own, so that no other process can tell whether they
// live.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { lock } from 'holdfast'
import { dual } from 'holdfast/steps'
import { parseLock } from '../../lib/lock/token.js'
import { allAtOnce, assert, clock, note, places, raced, scratch } from '../support/kit.js'
import { assertApart, counted, digits, type Held, increment, stateOf } from '../support/locks.js'

/** Milliseconds: much longer than a slow disk, or a busy machine, keeps a process from its heartbeats. */
const stale = 5000

/** A process that holds a lock until SIGTERM, or that counts so many times. */
async function child(path: string, times: number): Promise<void> {
  const all: Held[] = []
  for (let i = 0; i < times; i++) {
    const lease = await lock(path, { stale })
    const from = clock()
    await dual(() => increment(path))()
    all.push([lease.fence, from, clock()])
    await lease.release()
    // So that the other process gets its turn.
    await wait(1)
  }
  const lease = times > 0 ? undefined : await lock(path, { stale })
  console.log(JSON.stringify({ pid: process.pid, fence: lease?.fence, all }))
  if (!lease) return
  const timer = setInterval(() => {}, 1000)
  process.on('SIGTERM', async () => {
    await lease.release()
    clearInterval(timer)
  })
}

const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

function start(path: string, how: 'here' | 'apart', times = 0): ChildProcess {
  const env = { ...process.env, HOLDFAST_CHILD: `${times} ${path}` }
  const [command = '', ...args] = [...(how === 'here' ? [] : apart), process.execPath, fileURLToPath(import.meta.url)]
  return spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The first line that it prints. */
async function said(one: ChildProcess): Promise<{ pid: number; fence: number; all: Held[] }> {
  let text = ''
  for await (const chunk of one.stdout as NodeJS.ReadableStream) {
    text += chunk
    if (text.endsWith('\n')) break
  }
  return JSON.parse(text)
}

/** Milliseconds until the lock was taken; undefined if it could not be taken within `timeout`. */
async function takenWithin(path: string, timeout: number): Promise<number | undefined> {
  const began = performance.now()
  try {
    const lease = await lock(path, { stale, timeout })
    await lease.release()
    return performance.now() - began
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'ERR_LOCK_HELD')
    return undefined
  }
}

async function stopped(path: string): Promise<string> {
  const one = start(path, 'here')
  await said(one)
  one.kill('SIGSTOP')
  assert.is(await takenWithin(path, 30_000), undefined, 'a holder that was stopped was robbed')
  one.kill('SIGCONT')
  one.kill('SIGTERM')
  assert.ok((await takenWithin(path, 20_000)) !== undefined)
  return 'stopped for 30 s: not robbed'
}

async function elsewhere(path: string): Promise<string> {
  const one = start(path, 'apart')
  assert.is((await said(one)).pid, 1)
  assert.is((await lock.holder(path))?.alive, undefined)
  assert.is(await takenWithin(path, 12_000), undefined, 'a holder that makes heartbeats was robbed')
  one.kill('SIGKILL')
  await once(one, 'close')
  // All processes of this boot share the clock of its last heartbeat.
  const { beatMs = Number.NaN } = parseLock('', stateOf(path))
  assert.ok((await takenWithin(path, 30_000)) !== undefined)
  const ms = clock() - beatMs
  assert.ok(ms >= stale, `${ms}`)
  return `in another pid namespace, heartbeats for 12 s: not robbed; killed: taken ${Math.round(ms)} ms after the last one (stale ${stale})`
}

async function twins(path: string): Promise<string> {
  const times = 200
  writeFileSync(path, '0'.repeat(digits))
  const both = await Promise.all([1, 2].map(() => said(start(path, 'apart', times))))
  assert.equal(
    both.map(({ pid }) => pid),
    [1, 1],
  )
  assertApart(both.flatMap(({ all }) => all))
  const switches = both
    .flatMap(({ all }, who) => all.map(([fence]) => ({ fence, who })))
    .sort((a, b) => a.fence - b.fence)
  const changes = switches.filter(({ who }, at) => at > 0 && switches[at - 1]?.who !== who).length
  assert.ok(changes > 0, 'they did not meet')
  assert.is(counted(path), 2 * times)
  return `two that are both pid 1: ${counted(path)} of ${2 * times} counted, the lock changed hands ${changes} times`
}

if (process.env.HOLDFAST_CHILD) {
  const [times, ...path] = process.env.HOLDFAST_CHILD.split(' ')
  await child(path.join(' '), Number(times))
} else {
  const namespaces = spawnSync(apart[0] as string, [...apart.slice(1), 'true']).status === 0
  const acts = { stopped, ...(namespaces ? { elsewhere, twins } : {}) }
  const worlds = places.flatMap(({ kind, dir: place }) => {
    const dir = scratch(place)
    return Object.entries(acts).map(([name, act]) => ({ name, kind, begin: () => act(join(dir, name)) }))
  })
  const resultOf = allAtOnce(worlds.map(({ begin }) => begin))
  for (const [at, { name, kind }] of worlds.entries())
    raced(`on ${kind}: ${name}`, async () => note(`${kind}: ${await resultOf(at)}`))
  if (!namespaces)
    for (const { kind } of places) raced.skip(`another pid namespace, on ${kind}`, 'it takes the right to make one')
}
