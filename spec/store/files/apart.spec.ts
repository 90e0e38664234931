// Two containers share the store of one volume: each has process ids of its own, so neither can know whether a process of
// the other lives, and both processes are number 1. No update is lost; each value is made once, and all get it; a holder that
// makes heartbeats is not robbed, and one that was killed is followed after its lease.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fileStore, getOrSet, overwrite, type Store } from 'holdfast/store'
import { allAtOnce, assert, clock, note, places, raced, scratch, sized } from '../../support/kit.js'

const updates = sized(100, 1000)
const keys = Array.from({ length: sized(20, 200) }, (_, at) => `key ${at}`)
/** Milliseconds: much longer than a slow disk, or a busy machine, keeps a container from its heartbeats. */
const lease = 4_000

const tasks = { shares, holds, inherits }

interface Task {
  readonly dir: string
  readonly does: keyof typeof tasks
}

const storeIn = <T>(dir: string): Store<T> => fileStore<T>(join(dir, 'store'), { durability: 'none' })

// ---- What a container does ----

interface Shared {
  /** How often it has added one, and how often another was in between. */
  readonly added: number
  readonly met: number
  readonly computed: number
  readonly values: readonly unknown[]
  readonly carelessly: number
}

async function shares(dir: string): Promise<Shared> {
  await meet(join(dir, 'adds'))
  const added = await adds(storeIn(dir))
  await meet(join(dir, 'computes'))
  const computed = await computes(storeIn(dir))
  await meet(join(dir, 'carelessly'))
  return { ...added, ...computed, carelessly: await carelessly(storeIn(`${dir}, carelessly`), join(dir, 'missed')) }
}

/** Waits for the other container. */
async function meet(dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, randomUUID()), '')
  while (readdirSync(dir).length < 2) await later(1)
}

/** Goes on until the other has been in between. */
async function adds(store: Store<number>): Promise<Pick<Shared, 'added' | 'met'>> {
  let attempts = 0
  let added = 0
  const one = ({ value }: { readonly value: number }) => {
    attempts++
    return value + 1
  }
  for (; added < updates || (attempts === added && added < 100 * updates); added++)
    assert.ok((await store.update('count', one)).ok)
  return { added, met: attempts - added }
}

async function computes(store: Store<string>): Promise<Pick<Shared, 'computed' | 'values'>> {
  let computed = 0
  const values: unknown[] = []
  for (const key of keys) {
    const { value } = await getOrSet(store, key, async () => {
      computed++
      await later(5)
      return `${key} ${Math.random()}`
    })
    values.push(value)
  }
  return { computed, values }
}

/** As people make values: what is not there is made, and stored. Both miss the first at the same time. */
async function carelessly(store: Store<string>, missed: string): Promise<number> {
  let computed = 0
  for (const key of keys) {
    if (await store.get(key)) continue
    if (computed++ === 0) await meet(missed)
    await later(5)
    await overwrite(store, key, key)
  }
  return computed
}

/** Works until another has waited for much longer than the lease, or until it is killed. */
async function holds(dir: string): Promise<unknown> {
  const compute = async () => {
    say('"works"')
    while (!existsSync(join(dir, 'waits'))) await later(5)
    await later(sized(2, 10) * lease)
    return 'held'
  }
  return (await getOrSet(storeIn<string>(dir), 'held', compute, { lease })).value
}

async function inherits(dir: string): Promise<Inherited> {
  writeFileSync(join(dir, 'waits'), '')
  const began = clock()
  const { value } = await getOrSet(storeIn<string>(dir), 'held', () => 'inherited', { lease })
  return { value: value as string, ms: clock() - began }
}

interface Inherited {
  readonly value: string
  readonly ms: number
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

async function child({ dir, does }: Task): Promise<void> {
  say(JSON.stringify({ pid: process.pid, got: await tasks[does](dir) }))
}

// ---- The parent ----

const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

function start(dir: string, does: Task['does']): ChildProcess {
  const env = { ...process.env, HOLDFAST_CHILD: JSON.stringify({ dir, does } satisfies Task) }
  const [command = '', ...args] = [...apart, process.execPath, fileURLToPath(import.meta.url)]
  return spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The lines that it prints, one by one. */
async function* linesOf(one: ChildProcess): AsyncGenerator<string> {
  let text = ''
  for await (const chunk of one.stdout as NodeJS.ReadableStream) {
    const lines = (text + chunk).split('\n')
    text = lines.pop() as string
    yield* lines
  }
}

async function gotBy<T>(one: ChildProcess): Promise<T> {
  for await (const line of linesOf(one)) {
    const said = JSON.parse(line) as { readonly pid: number; readonly got: T } | string
    if (typeof said === 'string') continue
    assert.is(said.pid, 1)
    return said.got
  }
  throw new Error('a container ended too early')
}

const acts: Readonly<Record<string, (dir: string) => Promise<string>>> = {
  async 'no update is lost, each value is made once, and both get it'(dir) {
    const store = storeIn<number>(dir)
    await store.create('count', 0)
    const all = await Promise.all([1, 2].map(() => gotBy<Shared>(start(dir, 'shares'))))
    const sum = (of: (one: Shared) => number) => all.reduce((total, one) => total + of(one), 0)
    const added = sum(one => one.added)
    assert.is((await store.get('count'))?.value, added)
    assert.is(
      sum(one => one.computed),
      keys.length,
    )
    assert.equal(all[0]?.values, all[1]?.values)
    const [met, carelessly] = [sum(one => one.met), sum(one => one.carelessly)]
    assert.ok(met > 0 && carelessly > keys.length, 'they did not meet')
    return `${added} updates are kept, with another in between ${met} times; ${keys.length} values are made once, and ${carelessly} times without a claim`
  },
  async 'who makes heartbeats is not robbed, also for longer than its lease'(dir) {
    const holder = start(dir, 'holds')
    const lines = linesOf(holder)
    assert.is((await lines.next()).value, '"works"')
    const { value, ms } = await gotBy<Inherited>(start(dir, 'inherits'))
    assert.is(value, 'held')
    assert.ok(ms > 1.5 * lease, `${ms}`)
    await lines.return(undefined)
    return `waited ${Math.round(ms)} ms for a holder whose lease is ${lease} ms`
  },
  async 'who was killed is followed after its lease'(dir) {
    const holder = start(dir, 'holds')
    assert.is((await linesOf(holder).next()).value, '"works"')
    holder.kill('SIGKILL')
    await once(holder, 'close')
    const { value, ms } = await gotBy<Inherited>(start(dir, 'inherits'))
    assert.is(value, 'inherited')
    // A heartbeat that it had made before is no sign of life: whoever waits begins to count when it comes.
    assert.ok(ms > 0.9 * lease, `${ms}`)
    return `followed after ${Math.round(ms)} ms (lease ${lease})`
  },
}

if (process.env.HOLDFAST_CHILD) await child(JSON.parse(process.env.HOLDFAST_CHILD))
else {
  const isPossible = spawnSync(apart[0] as string, [...apart.slice(1), 'true']).status === 0
  const all = sized(places.slice(-1), places).flatMap(({ kind, dir }) =>
    Object.entries(acts).map(([name, act]) => ({ title: `two containers on ${kind}: ${name}`, dir, act })),
  )
  const result = allAtOnce(
    all.map(
      ({ dir, act }) =>
        () =>
          act(join(scratch(dir), 'volume')),
    ),
  )
  for (const [at, { title }] of all.entries())
    if (isPossible) raced(title, async () => note(await result(at)))
    else raced.skip(title, 'it takes the right to make a namespace')
}
