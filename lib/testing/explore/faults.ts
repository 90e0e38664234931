// What can go wrong with a call: it fails, or it is made and its reply is not the truth.

import { constants } from 'node:os'
import type { Errno } from '../../core/errors.js'
import type { Call, Entry, Op } from '../../core/steps.js'
import { opsThat } from '../../core/traits.js'
import { BadWorld } from './bad-world.js'
import { Listing, Opening } from './listing.js'
import type { Choice, World } from './world.js'

const changing = opsThat('changes')
const unfailing = opsThat('unfailing')
const losesWrites = opsThat('losesWrites')

/** Does it change something when it succeeds? */
export function changes({ op, args }: Call): boolean {
  return changing.has(op) || (op === 'open' && /^[wa]/.test(args[1] as string))
}

/** The errors that a call may return although it was made: as if it was made twice, or with no reply. */
const liesOf: Partial<Record<Op, readonly Errno[]>> = {
  mkdir: ['EEXIST', 'EIO'],
  link: ['EEXIST', 'EIO'],
  symlink: ['EEXIST', 'EIO'],
  rename: ['ENOENT', 'EIO'],
  unlink: ['ENOENT', 'EIO'],
  rmdir: ['ENOENT', 'EIO'],
}

function liesAbout({ op, args }: Call): readonly Errno[] {
  if (op === 'open') return /x/.test(args[1] as string) ? ['EEXIST', 'EIO'] : []
  return liesOf[op] ?? []
}

/** The ways in which a player's call can go wrong, within the budgets that are left. */
export function faultsOf(
  call: Call,
  world: World,
  budget: Readonly<Record<'fail' | 'lie' | 'omit', number>>,
  unsynced: ReadonlySet<number>,
): Omit<Choice, 'player' | 'slot'>[] {
  const [first] = call.args
  // Everything else that may go wrong with a listing might as well go wrong when the directory is opened.
  if (first instanceof Listing) return budget.omit > 0 && first.late.length > 0 ? [{ kind: 'omit' }] : []
  const all: Omit<Choice, 'player' | 'slot'>[] = []
  const mayFail = !unfailing.has(call.op) || mayLoseWrites(call, unsynced)
  if (budget.fail > 0 && mayFail && (world.failIn?.includes(call.op) ?? true)) {
    for (const code of world.failWith ?? (['EIO'] as const)) all.push({ kind: 'fail', code })
    if (call.op === 'write' && (call.args[1] as Uint8Array).length > 1) all.push({ kind: 'fail', code: 'short' })
  }
  if (budget.lie > 0) for (const code of liesAbout(call)) all.push({ kind: 'lie', code })
  return all
}

/** Something was written through the descriptor of the call, and may still be lost. */
export const mayLoseWrites = ({ op, args }: Call, unsynced: ReadonlySet<number>): boolean =>
  losesWrites.has(op) && unsynced.has(args[0] as number)

/** What a call changes if it goes as it was chosen: one that loses what was written empties the file. */
export const changeOf = (call: Call, { kind }: Choice): Call =>
  kind === 'fail' && losesWrites.has(call.op) ? emptied(call) : call

const emptied = ({ args: [fd] }: Call): Call => ({ op: 'ftruncate', args: [fd, 0] })

export interface Attempt {
  /** The call was made, and succeeded. */
  readonly done: boolean
  readonly value?: unknown
  /** What the player gets, whether the call was made or not. */
  readonly error?: unknown
}

/** Makes a call as it was chosen: truly, not at all, by half, or with a reply that is not the truth. */
export function attempt(call: Call, { kind, code = 'EIO' }: Choice, make: (call: Call) => unknown): Attempt {
  if (kind === 'fail' && losesWrites.has(call.op)) return losingWrites(call, code === 'short' ? 'EIO' : code, make)
  if (kind === 'fail' && code !== 'short') return { done: false, error: injected(call, code) }
  try {
    const value = make(code === 'short' ? shortened(call) : call)
    if (kind === 'omit') return { done: true, value: withoutLate(value as (string | Entry)[], call.args[0] as Listing) }
    if (kind !== 'lie' || code === 'short') return { done: true, value }
    // The player does not get the descriptor, so it cannot close it.
    if (call.op === 'open') make({ op: 'close', args: [value] })
    return { done: true, value, error: injected(call, code) }
  } catch (error) {
    if (error instanceof BadWorld) throw error
    return { done: false, error }
  }
}

/** The descriptor is closed, whatever is reported. */
function losingWrites(call: Call, code: Errno, make: (call: Call) => unknown): Attempt {
  make(emptied(call))
  make(call)
  return { done: true, error: injected(call, code) }
}

/** btrfs shows none of the names that came after the directory was opened. */
const withoutLate = (entries: readonly (string | Entry)[], { late }: Listing): (string | Entry)[] =>
  entries.filter(entry => !late.includes(String(typeof entry === 'string' ? entry : entry.name)))

/** A write of only half the bytes. */
function shortened({ op, args }: Call): Call {
  const [fd, data, ...rest] = args as [number, Uint8Array]
  return { op, args: [fd, data.subarray(0, data.length >> 1), ...rest] }
}

function injected({ op, args }: Call, code: Errno): Error {
  const paths = args
    .flatMap(arg => (arg instanceof Opening ? arg.path : typeof arg === 'string' ? arg : []))
    .join(' -> ')
  return Object.assign(new Error(`${code}: injected, ${op} ${paths}`), {
    code,
    errno: -(constants.errno[code as keyof typeof constants.errno] ?? 0),
    syscall: op,
  })
}
