// A world: some processes, each a generator of calls, in one directory, and what must be true in the end.

import type { Errno } from '../../core/errors.js'
import type { Op, Steps } from '../../core/steps.js'
import type { FileClock } from './file-times.js'

export interface World {
  /** Lays out what the players find. */
  setup?(dir: string): void
  /** The processes under test, by name: two or three `f.steps(...)`. Called for each schedule, because steps run once. */
  players(dir: string): Record<string, Steps<unknown>>
  /** Processes that get in the way, or look on. They are never killed or aborted, and all of their calls are made truly. */
  adversaries?(dir: string): Record<string, Steps<unknown>>
  /** Throws if this ending is wrong. */
  check(ending: Ending): void
  /** How many players may be killed, each before any of its calls. @default 0 */
  readonly kills?: number
  /** How many calls may fail without being made. A write may also be short. @default 0 */
  readonly failures?: number
  /** The errors of those calls. @default ['EIO'] */
  readonly failWith?: readonly Errno[]
  /** The calls that may fail so. @default every call but `close` */
  readonly failIn?: readonly Op[]
  /** How many calls may be made and yet return an error: a reply was lost, or a request was sent twice. @default 0 */
  readonly lies?: number
  /**
   * Makes `readdir` and `list` two steps: the directory is opened, and read later, when others may have changed, renamed
   * or removed it. Takes up to twice as many steps. `omissions` imply it. @default false
   */
  readonly splitListings?: boolean
  /** How many listings may leave out names that came after the directory was opened, as on btrfs. @default 0 */
  readonly omissions?: number
  /** How many players may be aborted, as if by their signal. @default 0 */
  readonly aborts?: number
  /**
   * No player can find out whether another lives, as if each ran on a machine of its own; or in a pid namespace of its own,
   * in one boot of a machine, where all read one clock. @default false
   */
  readonly strangers?: boolean | 'of one boot'
  /** How often the clock may jump ahead, at any point. @default 0 */
  readonly ticks?: number
  /** Milliseconds of such a jump. @default 60_000 */
  readonly tick?: number
  /** Files show when they were changed, in `ctime`, and their filesystem counts as `clocked`. @default all times read 0 */
  readonly fileClock?: FileClock
}

export interface Ending {
  readonly dir: string
  /** Every call in the order in which it was made. Other schedules may come to the same ending in other ways. */
  readonly log: readonly Made[]
  /** What became of the players and of the adversaries, by name. */
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** A call as it was made. */
export interface Made {
  readonly player: string
  readonly op: Op
  /** Paths are relative to the world's directory, which is `''`. */
  readonly args: readonly unknown[]
  readonly value: unknown
  /** The player got an error. If that was a lie, the call was made all the same. */
  readonly failed: boolean
}

/** What became of a player. `injected`: there was a fault in its way, so that it may be right to throw. */
export type Outcome =
  | { readonly how: 'returned'; readonly value: unknown }
  | { readonly how: 'threw'; readonly error: unknown; readonly injected: boolean }
  | { readonly how: 'killed' }

/** One thing that may happen next: a player makes its call, truly or not; or is stopped; or time passes. */
export interface Choice {
  /** The player's number; -1 is the clock. */
  readonly player: number
  /** Which of the calls that the player makes together. */
  readonly slot: number
  readonly kind: 'call' | 'kill' | 'abort' | 'fail' | 'lie' | 'omit' | 'tick' | 'pass'
  readonly code?: Errno | 'short'
}

const marks = { call: '', kill: 'x', abort: '^', fail: '!', lie: '~', omit: '?', tick: '+', pass: '-' } as const

/**
 * Spells a choice for the replay string: `A` (A makes its call), `B1` (B makes the second of its calls), `A~EEXIST` (a lie),
 * `B!EIO` (a failure), `A?` (an omission), `Ax` (A is killed), `A^` (A is aborted), `+` (the clock jumps), `-` (all sleep,
 * and time passes).
 */
export const spellChoice = ({ player, slot, kind, code }: Choice): string =>
  player < 0 ? marks[kind] : `${letter(player)}${slot || ''}${marks[kind]}${code ?? ''}`

const letter = (player: number): string => String.fromCharCode(65 + player)
