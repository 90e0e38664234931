// The smallest engine: a key is a directory with one file, whose name is the state. Each operation is one call, so worlds stay
// small enough to be explored whole.

import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fs, hasCode, isSystemError, type Steps } from 'holdfast/steps'
import { type Backing, confirmCommit, type Draft, type Kept, keptOf, openStore, type Store } from 'holdfast/store'
import { just } from './stores.js'

const absent = 'absent'
/** In a world, no time passes that values would end by. */
const readAtMs = 10

/** Lays out keys, each of which is absent, or in the state that is given. */
export function layOut(
  dir: string,
  keys: Readonly<Record<string, Partial<Draft> & { readonly value?: string }>>,
): void {
  for (const [key, { value, ...state }] of Object.entries(keys)) {
    mkdirSync(join(dir, key))
    writeFileSync(join(dir, key, absent), '')
    if (!state.id) continue
    const data = value === undefined ? undefined : Buffer.from(JSON.stringify(value))
    const common = { lineage: [], kind: 'live', writtenAtMs: undefined, ends: undefined, staleMs: 0, claim: undefined }
    const draft = { ...common, version: state.id, data }
    renameSync(join(dir, key, absent), join(dir, key, spell({ ...draft, ...state } as Draft, undefined)))
  }
}

/** What is in there: the value, and whether there is a claim. */
export function stateIn(dir: string, key: string): { value: unknown; kept: Kept | undefined } {
  const [name = ''] = readdirSync(join(dir, key))
  const { kept, data } = parse(name)
  return { value: kept?.kind === 'live' ? JSON.parse(data.toString()) : undefined, kept }
}

/** What a name says, for those who read the log of a world. */
export const stateNamed = (name: string): Kept | undefined => parse(name.split('/').at(-1) as string).kept

interface Spelled {
  readonly kept: Kept | undefined
  readonly data: Buffer
}

function spell(to: Draft, from: Spelled | undefined): string {
  const { endsAtMs, lastFence } = keptOf(to, from?.kept, readAtMs, () => just(new Uint8Array()))
  const { owner = '', fence = 0, leaseMs = 0 } = to.claim ?? {}
  const data = to.data === 'keep' ? from?.data : to.data
  const { id, kind, version, staleMs, lineage } = to
  const words = [id, kind, version, endsAtMs ?? '', staleMs, lastFence, owner, fence, leaseMs]
  return [...words, lineage.join('-'), Buffer.from(data ?? []).toString('hex')].join('.')
}

function parse(name: string): Spelled {
  const [id = '', kind, version = '', endsAtMs, staleMs, lastFence, owner, fence, leaseMs, lineage, hex] =
    name.split('.')
  const data = Buffer.from(hex ?? '', 'hex')
  if (name === absent) return { kept: undefined, data }
  const kept: Kept = {
    id,
    lineage: lineage ? lineage.split('-') : [],
    kind: kind as Kept['kind'],
    version,
    writtenAtMs: readAtMs,
    endsAtMs: endsAtMs ? Number(endsAtMs) : undefined,
    staleMs: Number(staleMs),
    claim: owner ? { owner, fence: Number(fence), leaseMs: Number(leaseMs) } : undefined,
    lastFence: Number(lastFence),
    readAtMs,
    data: () => just(data),
  }
  return { kept, data }
}

export function namedStates(dir: string): Backing {
  const nameOf = function* (key: string): Steps<string> {
    return ((yield* fs.readdir(`${dir}/${key}`)) as string[])[0] as string
  }
  const names = new WeakMap<Kept, string>()
  const seen = (name: string): Kept | undefined => {
    const { kept } = parse(name)
    if (kept) names.set(kept, name)
    return kept
  }
  const backing: Backing = {
    *read(key) {
      return seen(yield* nameOf(key))
    },
    *commit(key, from, to) {
      const was = from ? (names.get(from) as string) : absent
      const next = to ? spell(to, parse(was)) : absent
      if (!from && !to) return 'moved'
      try {
        yield* fs.rename(`${dir}/${key}/${was}`, `${dir}/${key}/${next}`)
        return seen(next) ?? 'removed'
      } catch (error) {
        if (!isSystemError(error)) throw error
        // Where no reply is lost, the error is true.
        if (!(yield* fs.local(dir))) return yield* confirmCommit(backing, key, from, to, error)
        if (hasCode(error, 'ENOENT')) return 'moved'
        throw error
      }
    },
    list: () => just({ entries: [], cursor: undefined }),
    *changed(key, ms) {
      yield* fs.changed(`${dir}/${key}`, ms)
    },
    now: () => fs.now(),
    claims: { self: () => fs.thread(), alive: owner => fs.alive(owner) },
  }
  return backing
}

/** As one process opens it. */
export const storeOf = (dir: string, change?: (backing: Backing) => Partial<Backing>): Store<string> => {
  const backing = namedStates(dir)
  return openStore<string>({ ...backing, ...change?.(backing) })
}
