// A cell as a sequential model, and what players do with one: their histories must agree with the model.

import { cell, type Published, type State } from 'holdfast'
import { fs, type Steps } from 'holdfast/steps'
import type { Model, Operation } from 'holdfast/testing'
import { parseState } from '../../lib/cell/state.js'
import { through } from '../broken/interfere.js'

/** States are identified by their first field, which is never used twice. */
export type Asked =
  | { readonly op: 'read' }
  | { readonly op: 'create'; readonly to: string }
  | { readonly op: 'swap'; readonly from: string; readonly to: string }
  | { readonly op: 'clear'; readonly from: string }
  /** A call that clears a live state may put a tombstone in its place first: this is the removal of that. */
  | { readonly op: 'tidy'; readonly from: string }

/** The state that was read, or whether this call made the change. */
export type Told = string | boolean

export type Did = Operation<Asked, Told>

export const cellModel = (initial: string): Model<string, Asked, Told> => ({
  initial,
  key: state => state,
  step(state, asked, answered) {
    if (asked.op === 'read') return !answered || answered.output === state ? [state] : []
    if (asked.op === 'tidy') return [state === asked.from ? 'void' : state]
    const can = asked.op === 'create' ? state === 'void' : state === asked.from
    if (answered && answered.output !== can) return []
    if (!can) return [state]
    if (asked.op !== 'clear') return [asked.to]
    return isTombstone(state) ? ['void'] : ['void', tombstoneOf(state)]
  },
})

const isTombstone = (label: string): boolean => label.startsWith('x')
const tombstoneOf = (label: string): string => `x${label}`

/** What a state is called. */
export function labelOf(now: { readonly gone: boolean; readonly fields: readonly string[] } | undefined): string {
  const label = now?.fields[0] ?? 'void'
  return now?.gone && !isTombstone(label) ? tombstoneOf(label) : label
}

interface Program {
  readonly state: string
  /** How many requests of each process have been made. */
  readonly at: Readonly<Record<string, number>>
}

/** The same, where only the order within each process and the state in the end are known. */
export const programModel = (initial: string): Model<Program, { process: string; nth: number; asked: Asked }, Told> => {
  const { step } = cellModel(initial)
  return {
    initial: { state: initial, at: {} },
    key: ({ state, at }) => JSON.stringify([state, Object.entries(at).sort()]),
    step: ({ state, at }, { process, nth, asked }, answered) =>
      (at[process] ?? 0) === nth
        ? step(state, asked, answered).map(next => ({ state: next, at: { ...at, [process]: nth + 1 } }))
        : [],
  }
}

export function asPrograms(history: readonly Did[], last: string) {
  const count = new Map<string, number>()
  const programs = history.map(({ process, input, ended, ...rest }) => {
    const nth = count.get(`${process}`) ?? 0
    count.set(`${process}`, nth + 1)
    const times = { call: 0, ended: ended === Number.POSITIVE_INFINITY ? ended : 1 }
    return { ...rest, process, input: { process: `${process}`, nth, asked: input }, ...times }
  })
  const input = { process: 'in the end', nth: 0, asked: { op: 'read' } as const }
  return [...programs, { process: 'in the end', input, output: last as Told, call: 2, ended: 3 }]
}

/** Records which process asked for what, when, and the result. */
export interface Notes {
  note<T>(process: string, input: Asked, steps: Steps<T>, told: (value: T) => Told): Steps<T>
}

export class Scribe implements Notes {
  readonly history: Did[] = []
  constructor(readonly now: () => number) {}

  /** A request that certainly failed did not happen; one of unknown outcome may have. */
  *note<T>(process: string, input: Asked, steps: Steps<T>, told: (value: T) => Told): Steps<T> {
    const pending: Did = { process, input, call: this.now(), ended: Number.POSITIVE_INFINITY }
    this.history.push(pending)
    try {
      const value = yield* steps
      this.history[this.history.indexOf(pending)] = { ...pending, output: told(value), ended: this.now() }
      return value
    } catch (error) {
      const { published, code = '' } = error as NodeJS.ErrnoException & { published?: Published }
      const mayHaveHappened = published ?? ['ERR_UNKNOWN_OUTCOME', 'ABORT_ERR'].includes(code)
      if (!mayHaveHappened) this.history.splice(this.history.indexOf(pending), 1)
      throw error
    }
  }
}

const isDone = (value: unknown): boolean => value !== undefined && value !== false

/** The calls of a cell, or of what people write instead. */
export type Calls = Pick<typeof cell, 'read' | 'create' | 'swap' | 'clear'>

/**
 * Looks, and does what the state allows: creates the cell, changes it, makes a tombstone (`x...`), or clears one; or clears
 * whatever is there (`v...`).
 */
export function* turn(dir: string, process: string, label: string, scribe: Notes, calls: Calls = cell): Steps<string> {
  const was = yield* scribe.note(process, { op: 'read' }, calls.read.steps(dir), labelOf)
  const next = { fields: [label], gone: isTombstone(label) }
  const isVoiding = label.startsWith('v')
  if (!was) {
    if (isVoiding) return 'nothing is there'
    const made = yield* scribe.note(process, { op: 'create', to: label }, calls.create.steps(dir, next), isDone)
    return `${label} ${made ? 'made' : 'not made'}`
  }
  const from = labelOf(was)
  if (was.gone || isVoiding) {
    const clear = scribe.note(process, { op: 'clear', from }, calls.clear.steps(dir, was), isDone)
    const tidied = { op: 'tidy', from: tombstoneOf(from) } as const
    const cleared = yield* was.gone ? clear : scribe.note(`${process}, after that`, tidied, clear, isDone)
    return `${from} ${cleared ? 'cleared' : 'not cleared'}`
  }
  const swap = calls.swap.steps(dir, was, next)
  const swapped = yield* scribe.note(process, { op: 'swap', from, to: label }, swap, isDone)
  return `${from} ${swapped ? 'swapped' : 'not swapped'} for ${label}`
}

/** Takes an error of the system to mean that another process was faster. */
export const trusting: Calls = {
  ...cell,
  swap: Object.assign(cell.swap.bind(undefined), cell.swap, {
    steps: function* (dir: string, from: { nonce: string }, next: { fields: string[]; gone: boolean }): Steps<boolean> {
      const name = (yield* fs.readdir(dir)).find(one => one.includes(from.nonce))
      if (!name) return false
      const nonce = (yield* fs.random(8)).toString('hex')
      const [, version = '1'] = name.split('.')
      const to = [next.gone ? 'x' : 't', Number(version) + 1, nonce, from.nonce, '', ...next.fields].join('.')
      try {
        yield* fs.rename(`${dir}/${name}`, `${dir}/${to}`)
        return true
      } catch {
        return false
      }
    },
  }),
} as unknown as Calls

/** Believes that no reply is ever lost. */
export const believing: Calls = {
  ...cell,
  clear: Object.assign(cell.clear.bind(undefined), cell.clear, {
    steps: (dir: string, from: State): Steps<boolean> =>
      through(cell.clear.steps(dir, from), call => (call.op === 'local' ? { op: 'settle', args: [true] } : call)),
  }),
}

/** Believes a directory that shows nothing, the first time, or the second. */
export const hasty = (looks: number): Calls =>
  ({
    ...cell,
    read: Object.assign(cell.read.bind(undefined), cell.read, {
      steps: function* (dir: string): Steps<State | undefined> {
        for (let look = 0; look < looks; look++) {
          const [name] = yield* fs.readdir(dir)
          if (name !== undefined) return parseState(name)
        }
        return undefined
      },
    }),
  }) as unknown as Calls

/** Compares the state, and then replaces whatever is there meanwhile: the name is the same for every state. */
export const comparing: Calls = {
  ...cell,
  read: Object.assign(cell.read.bind(undefined), cell.read, {
    steps: function* (dir: string): Steps<unknown> {
      const text = String(yield* fs.readFile(`${dir}/state`))
      return { fields: [text], gone: false }
    },
  }),
  swap: Object.assign(cell.swap.bind(undefined), cell.swap, {
    steps: function* (dir: string, from: { fields: string[] }, next: { fields: string[] }): Steps<boolean> {
      if (String(yield* fs.readFile(`${dir}/state`)) !== from.fields[0]) return false
      const temp = `${dir}/${next.fields[0]}`
      const fd = yield* fs.open(temp, 'wx')
      yield* fs.write(fd, Buffer.from(next.fields[0] as string))
      yield* fs.close(fd)
      yield* fs.rename(temp, `${dir}/state`)
      return true
    },
  }),
} as unknown as Calls
