// The engine of a store in a directory: all that a state says comes back, in few calls, also where names are short.

import { readdirSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Call, driveSync, fs, type Steps } from 'holdfast/steps'
import type { Backing, Draft, Kept } from 'holdfast/store'
import { fileStore, openStore } from 'holdfast/store'
import { opsThat } from '../../../lib/core/traits.js'
import { FileBacking } from '../../../lib/store/files/backing.js'
import { shardOf } from '../../../lib/store/files/names.js'
import { through } from '../../broken/interfere.js'
import { assert, holds, note, places, runScript, scratch } from '../../support/kit.js'

const settings = { durability: 'none', mode: 0o700, gc: 'manual', clock: Date.now } as const
const engineAt = (root: string): FileBacking => new FileBacking({ root, ...settings })
const short = Buffer.from('"short"')
const long = Buffer.from('"a value that is too long for the name of a token"')

let drafted = 0
function draftOf(from: Kept | undefined, next: Partial<Draft>): Draft {
  const id = (++drafted).toString(16).padStart(16, '0')
  const lineage = from ? [from.id, ...from.lineage].slice(0, 3) : []
  const common = {
    kind: 'live',
    writtenAtMs: undefined,
    ends: undefined,
    staleMs: 0,
    claim: undefined,
    data: short,
  } as const
  return { id, lineage, version: id, ...common, ...next }
}

function put(engine: Backing, key: string, from: Kept | undefined, next: Partial<Draft>): Kept {
  const kept = driveSync(engine.commit(key, from, draftOf(from, next)))
  if (typeof kept === 'string') throw new Error(`it was ${kept}`)
  return kept
}

/** All that a state says, as another process finds it. */
function saidOf(root: string, key: string): Record<string, unknown> {
  const kept = driveSync(engineAt(root).read(key))
  if (!kept) return {}
  const { id, lineage, kind, version, endsAtMs, staleMs, claim, lastFence } = kept
  const data = kind === 'live' ? Buffer.from(driveSync(kept.data())).toString() : undefined
  return { id, lineage, kind, version, endsAtMs, staleMs, claim, lastFence, data }
}

const self = (): string => driveSync(fs.thread())
const longKey = 'K'.repeat(100)

for (const key of ['k', longKey])
  holds(`all that a state says comes back: the key ${key === 'k' ? 'is short' : 'is only in the value'}`, () => {
    const root = join(scratch(), 'root')
    const engine = engineAt(root)
    const claim = { owner: self(), fence: 7, leaseMs: 15_000 }
    let now = put(engine, key, undefined, { data: long, ends: { atMs: 2_000_000_000_000 }, staleMs: 1500 })
    const { version } = now
    const common = { kind: 'live', version, endsAtMs: 2_000_000_000_000, staleMs: 1500, data: long.toString() }
    assert.equal(saidOf(root, key), { ...common, id: now.id, lineage: [], claim: undefined, lastFence: 0 })
    const keep = { version, data: 'keep', ends: { atMs: 2_000_000_000_000 }, staleMs: 1500 } as const
    for (const held of [claim, { ...claim, leaseMs: Number.POSITIVE_INFINITY }, undefined]) {
      const before = now
      now = put(engine, key, now, { ...keep, claim: held })
      const lineage = [before.id, ...before.lineage].slice(0, 3)
      assert.equal(saidOf(root, key), { ...common, id: now.id, lineage, claim: held, lastFence: 7 })
    }
    now = put(engine, key, now, { data: short })
    const second = now.version
    now = put(engine, key, now, { version: second, data: 'keep', claim: { ...claim, fence: 8 } })
    assert.equal([saidOf(root, key).version, saidOf(root, key).data], [second, short.toString()])
    now = put(engine, key, now, { kind: 'gone', data: undefined, ends: { inMs: 60_000 } })
    const { kind, endsAtMs, lastFence } = saidOf(root, key)
    assert.equal([kind, lastFence], ['gone', 8])
    assert.ok(Math.abs((endsAtMs as number) - Date.now() - 60_000) < 10_000)
    now = put(engine, key, now, { kind: 'none', data: undefined, claim: { ...claim, fence: 9 } })
    assert.equal([saidOf(root, key).kind, saidOf(root, key).lastFence], ['none', 9])
    assert.is(driveSync(engine.list('', undefined)).entries[0]?.[0], key)
    assert.is(driveSync(engine.commit(key, now, undefined)), 'removed')
    assert.is(driveSync(engine.commit(key, now, undefined)), 'moved')
    assert.is(driveSync(engine.commit(key, undefined, undefined)), 'removed')
    assert.equal(readdirSync(join(root, shardOf(key))), [])
  })

holds('the longest token that there can be is a name that every filesystem takes', () => {
  const root = join(scratch(), 'root')
  const owner = ['0'.repeat(10), '0'.repeat(10), 'zzzzz', 'z'.repeat(9), 'z'.repeat(11), 'zzzzz', 'z'.repeat(9)].join(
    '-',
  )
  const claim = { owner, fence: 2 ** 40, leaseMs: 2 ** 40 }
  const most = { ends: { atMs: 2 ** 48 }, staleMs: 2 ** 40, claim }
  const engine = engineAt(root)
  for (const data of [Buffer.alloc(28, 255), long]) {
    let now = put(engine, 'k', undefined, { data })
    for (let nth = 0; nth < 4; nth++) now = put(engine, 'k', now, { ...most, version: '0'.repeat(16), data: 'keep' })
    const [token = ''] = readdirSync(join(root, shardOf('k'), 'k'))
    note(`${token.length} bytes`)
    assert.ok(token.length <= 255)
    driveSync(engine.commit('k', now, undefined))
  }
})

holds(
  'where names have at most 143 bytes, as on eCryptfs, values are in files, and states say less of their past',
  () => {
    const root = join(scratch(), 'root')
    const refuseLong = (call: Call): Call => {
      const isLong = call.args.some(arg => typeof arg === 'string' && basename(arg).length > 143)
      if (!isLong) return call
      throw Object.assign(new Error('ENAMETOOLONG'), { code: 'ENAMETOOLONG', errno: -36, syscall: call.op })
    }
    const run = <T>(steps: Steps<T>): T => driveSync(through(steps, refuseLong))
    const engine = engineAt(root)
    const owner = self()
    let now: Kept | undefined
    for (let nth = 0; nth < 6; nth++) {
      const claim = { owner, fence: nth + 1, leaseMs: 15_000 }
      for (const next of [{ data: Buffer.alloc(28, 65 + nth) }, { data: 'keep' as const, claim }]) {
        const version = next.claim && now ? { version: now.version } : {}
        const result: Kept | string = run(engine.commit('k', now, draftOf(now, { ...next, ...version })))
        if (typeof result === 'string') throw new Error(result)
        now = result
        assert.is(saidOf(root, 'k').data, 'ABCDEF'[nth]?.repeat(28))
      }
    }
  },
)

for (const { kind, dir } of places)
  holds(`on ${kind}: that a state is still there takes one call, and so does a change of what this thread made`, () => {
    const root = join(scratch(dir), 'root')
    const engine = engineAt(root)
    const store = openStore<number>(engine)
    store.create.sync('k', 0)
    const calls: string[] = []
    const silent = opsThat('inline', 'waits')
    const counted = <T>(steps: Steps<T>): T => {
      calls.length = 0
      return driveSync(
        through(steps, call => {
          if (!silent.has(call.op)) calls.push(call.op)
          return call
        }),
      )
    }
    store.update.sync('k', ({ value }) => value + 1)
    const kept = driveSync(engine.read('k')) as Kept
    driveSync(engine.stillThere('k', kept))
    assert.is(counted(engine.stillThere('k', kept)), true)
    assert.equal(calls, ['exists'])
    assert.ok(counted(store.update.steps('k', ({ value }) => value + 1)).ok)
    assert.equal(calls, ['rename'])
    assert.is(driveSync(engine.stillThere('k', kept)), false)
    counted(store.get.steps('k'))
    assert.equal(calls, ['readdir'])
  })

holds('what a thread remembers is not taken for what is there', () => {
  const root = join(scratch(), 'root')
  const store = fileStore<number>(root, { durability: 'none' })
  // By another path, so that nothing is remembered of what it does.
  symlinkSync(root, `${root}-too`)
  const elsewhere = fileStore<number>(`${root}-too`, { durability: 'none' })
  store.create.sync('k', 1)
  store.update.sync('k', 2)
  elsewhere.update.sync('k', 10)
  const seen: number[] = []
  const changed = store.update.sync('k', ({ value }) => {
    seen.push(value)
    if (value === 2) throw new Error('2 is not there any more')
    return value + 1
  })
  assert.equal([changed.ok, changed.entry?.value, seen], [true, 11, [2, 10]])
  const { version } = changed.entry as { version: string }
  elsewhere.update.sync('k', 20)
  const refused = store.update.sync('k', 12, { ifVersion: version })
  assert.equal([refused.ok, refused.entry?.value], [false, 20])
  store.update.sync('k', 21)
  elsewhere.remove.sync('k')
  assert.equal(store.update.sync('k', 22), { ok: false, entry: undefined })
  assert.throws(
    () => {
      store.create.sync('k', 1)
      store.update.sync('k', () => {
        throw Object.assign(new Error('mine'), { code: 'MINE' })
      })
    },
    { code: 'MINE' },
  )
})

const apart = process.platform === 'linux' && process.getuid?.() === 0
if (!apart) holds.skip('two pid namespaces', 'it takes Linux, and root')
else
  holds('a claim of another pid namespace is not judged, whatever pid it has here', () => {
    const root = join(scratch(), 'root')
    const script = `import { getOrSet, fileStore } from ${JSON.stringify(import.meta.resolve('holdfast/store'))}
      const store = fileStore(${JSON.stringify(root)})
      getOrSet(store, 'k', () => { setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50); return new Promise(() => {}) })`
    runScript(script, ['unshare', '--pid', '--fork', '--mount-proc'])
    const engine = engineAt(root)
    const there = driveSync(engine.read('k'))
    assert.ok(there?.claim, 'there is no claim')
    assert.is(driveSync(engine.claims.alive(there?.claim?.owner as string)), undefined)
    const inHere = `import { getOrSet, fileStore } from ${JSON.stringify(import.meta.resolve('holdfast/store'))}
      const store = fileStore(${JSON.stringify(root)})
      getOrSet(store, 'here', () => { setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50); return new Promise(() => {}) })`
    runScript(inHere)
    assert.is(driveSync(engine.claims.alive(driveSync(engine.read('here'))?.claim?.owner as string)), false)
  })
