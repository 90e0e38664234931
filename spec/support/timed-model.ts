// One key of a store, as if one process at a time used it: the model that histories of many processes are checked against.

import type { Entry, Gone } from 'holdfast/store'
import type { Model } from 'holdfast/testing'

/** What a process asked for. `from` and `to`: what the clock of entries said before and after (ms since 1970). */
export interface Input {
  readonly op: 'get' | 'create' | 'update' | 'remove' | 'touch'
  readonly key: string
  readonly ttl?: number | undefined
  readonly tombstone?: number | undefined
  readonly ifVersion?: string | undefined
  readonly from: number
  readonly to: number
}

type There = Entry<number> | Gone | undefined

export interface Output {
  /** Of a change. */
  readonly ok?: boolean
  readonly entry: There
}

/** An entry; or a tombstone that ends between two times, because the one that made it does not say when. */
type State =
  | undefined
  | { readonly value: number; readonly version: string; readonly expires: number | undefined }
  | { readonly gone: string | undefined; readonly least: number; readonly most: number }

/** Milliseconds: clocks are read in whole ones. */
const slack = 1

/**
 * May a state count as there, and may it count as over, for a call between two times? That is judged when the call looks. So
 * a call that looked before the end may change the state after it, and meanwhile others see that it is over.
 */
function seen(state: State, { from, to }: Input): { readonly there: boolean; readonly over: boolean } {
  if (!state) return { there: false, over: true }
  const [least, most] = 'gone' in state ? [state.least, state.most] : [state.expires, state.expires]
  if (least === undefined || most === undefined) return { there: true, over: false }
  return { there: from <= most + slack, over: to >= least - slack }
}

/** Is that what is there? Returns what is known of the state then. */
function matches(state: State, entry: There): readonly State[] {
  if (!state || !entry) return state === undefined && entry === undefined ? [undefined] : []
  if ('version' in state && !entry.gone) {
    const isIt = state.version === entry.version && state.value === entry.value && state.expires === entry.expires
    return isIt ? [state] : []
  }
  if ('version' in state || !entry.gone) return []
  const isIt = state.gone === undefined || state.gone === entry.version
  const isInTime = entry.until >= state.least - slack && entry.until <= state.most + slack
  return isIt && isInTime ? [{ gone: entry.version, least: entry.until, most: entry.until }] : []
}

const endIs = (end: number | undefined, ttl: number | undefined, { from, to }: Input): boolean =>
  ttl === undefined ? end === undefined : end !== undefined && end >= from + ttl - slack && end <= to + ttl + slack

function change(state: State, input: Input, entry: There): readonly State[] {
  const live = state && 'version' in state ? state : undefined
  const made = entry && !entry.gone ? entry : undefined
  const next = made && { value: made.value, version: made.version, expires: made.expires }
  const { op, ttl, tombstone, ifVersion, from, to } = input
  if (op === 'create') return !state && next?.value === 0 && endIs(next.expires, ttl, input) ? [next] : []
  if (!live || (ifVersion !== undefined && live.version !== ifVersion)) return []
  if (op === 'remove')
    return [tombstone === undefined ? undefined : { gone: undefined, least: from + tombstone, most: to + tombstone }]
  if (!next) return []
  if (op === 'touch')
    return next.version === live.version && next.value === live.value && endIs(next.expires, ttl, input) ? [next] : []
  return next.version !== live.version && next.value === live.value + 1 && next.expires === live.expires ? [next] : []
}

/** What a refused change, or a read, was given is what is there; and it is no reason to do what was asked for. */
function refusal(state: State, { op, ifVersion }: Input, entry: There): readonly State[] {
  const live = state && 'version' in state ? state : undefined
  if (op === 'create' && !state) return []
  if (op !== 'create' && op !== 'get' && live && (ifVersion === undefined || live.version === ifVersion)) return []
  return matches(state, entry)
}

export const keyModel: Model<State, Input, Output> = {
  initial: undefined,
  step(state, input, returned) {
    // A race in which a call throws has gone wrong anyway.
    if (!returned) throw new Error('a call did not return')
    const { ok, entry } = returned.output
    const { there, over } = seen(state, input)
    const next = (now: State) => (ok ? change(now, input, entry) : refusal(now, input, entry))
    // What is over is there still for those that have looked before.
    return [...(there ? next(state) : []), ...(over ? next(undefined).map(now => (ok ? now : state)) : [])]
  },
  key: state => JSON.stringify(state ?? null),
  partition: ({ key }) => key,
}
