// A key of a store as a sequential model, and what players do with keys: their histories must agree with the model. Values
// are labels that are used once. A label that ends with `~` may end at any moment.

import type { Entry, Gone, Store } from 'holdfast/store'
import type { Model, Operation } from 'holdfast/testing'

export interface Asked {
  readonly key: string
  readonly op: 'get' | 'create' | 'update' | 'updateIf' | 'remove' | 'removeIf' | 'bury' | 'expire'
  /** The value that comes. */
  readonly to?: string
  /** The value that is seen, and whose version is the condition. */
  readonly from?: string
}

/** What was read, or whether the change was made. */
export type Told = string | boolean

export type Did = Operation<Asked, Told>

const absent = 'absent'
const gone = 'gone'

export const storeModel: Model<string, Asked, Told> = {
  initial: absent,
  key: state => state,
  partition: ({ key }) => key,
  step(state, asked, answered) {
    const ways = [...possible(state, asked), ...(state.endsWith('~') ? possible(absent, asked) : [])]
    const next = ways.filter(([told]) => !answered || answered.output === told).map(([, to]) => to)
    return [...new Set(next)]
  },
}

/** What the call may return in that state, and which state it leaves then. */
function possible(state: string, { op, to = '', from }: Asked): readonly (readonly [Told, string])[] {
  const label = state.replace(/~$/, '')
  const end = state.slice(label.length)
  const isLive = label !== absent && label !== gone
  const if_ = (can: boolean, next: string) => [[can, can ? next : state] as const]
  if (op === 'get') return [[label, state]]
  if (op === 'create') return if_(label === absent, to)
  // The end stays when the value is replaced.
  if (op === 'update') return if_(isLive, to + end)
  if (op === 'updateIf') return if_(label === from, to + end)
  if (op === 'remove') return if_(isLive, absent)
  if (op === 'removeIf') return if_(label === from, absent)
  if (op === 'bury') return if_(isLive, `${gone}~`)
  return if_(isLive, `${label}~`)
}

/** An entry as it was seen: no version may belong to two values. */
export interface Seen {
  readonly version: string
  readonly value: string
}

const labelOf = (entry: Entry<string> | Gone | undefined): string => (!entry ? absent : entry.gone ? gone : entry.value)

/** Makes one random request. Returns it, and how to make it. */
export function randomRequest(
  store: Store<string>,
  key: string,
  label: string,
  last: Seen | undefined,
  note: (seen: Seen) => void,
): { readonly asked: Asked; readonly make: () => Promise<Told> } {
  const see = (entry: Entry<string> | Gone | undefined) => {
    if (entry && !entry.gone) note({ version: entry.version, value: entry.value })
  }
  const change = async (made: ReturnType<Store<string>['touch']>): Promise<Told> => {
    const { ok, entry } = await made
    see(entry)
    return ok
  }
  const ifVersion = last?.version ?? 'none'
  const from = last?.value ?? 'none'
  const dice = Math.random()
  if (dice < 0.25)
    return {
      asked: { key, op: 'get' },
      make: async () => {
        const entry = await store.get(key)
        see(entry)
        return labelOf(entry)
      },
    }
  if (dice < 0.5) return { asked: { key, op: 'create', to: label }, make: () => change(store.create(key, label)) }
  if (dice < 0.65) return { asked: { key, op: 'update', to: label }, make: () => change(store.update(key, label)) }
  if (dice < 0.8)
    return {
      asked: { key, op: 'updateIf', to: label, from },
      make: () => change(store.update(key, label, { ifVersion })),
    }
  if (dice < 0.87) return { asked: { key, op: 'remove' }, make: () => change(store.remove(key)) }
  if (dice < 0.92) return { asked: { key, op: 'removeIf', from }, make: () => change(store.remove(key, { ifVersion })) }
  if (dice < 0.96) return { asked: { key, op: 'bury' }, make: () => change(store.remove(key, { tombstone: 3 })) }
  return { asked: { key, op: 'expire' }, make: () => change(store.touch(key, 3)) }
}
