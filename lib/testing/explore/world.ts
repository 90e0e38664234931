// What a world is: some processes, each a generator of calls, in a directory; and what must be true in the end.

import type { Errno } from '../../core/errors.js'
import type { Op, Steps } from '../../core/steps.js'

export interface World {
  /** Builds the state that everything starts from. */
  setup?(dir: string): void
  /** The processes under test, by name. Made anew for each schedule, so give `f.steps(...)`, and two or three of them. */
  players(dir: string): Record<string, Steps<unknown>>
  /** Processes that get in the way, or look on. They are never killed, failed or lied to. */
  adversaries?(dir: string): Record<string, Steps<unknown>>
  /** Throws if this ending is wrong. */
  check(ending: Ending): void
  /** How many players may be killed, each before any of its calls. @default 0 */
  readonly kills?: number
  /** How many calls may fail without being done (writes may also be short). @default 0 */
  readonly failures?: number
  /** What those fail with. @default ['EIO'] */
  readonly failWith?: readonly Errno[]
  /** Which calls may fail so. @default every one but `close` */
  readonly failIn?: readonly Op[]
  /** How many calls may be done and then say that they were not: a reply was lost, a request was sent twice. @default 0 */
  readonly lies?: number
  /**
   * `readdir` and `list` are two steps: the directory is opened, and read later, when others may have changed or removed
   * it. This takes up to twice as many steps. @default false, or true if there are `omissions`
   */
  readonly splitListings?: boolean
  /** How many listings may leave out the names that came after the directory was opened, as on btrfs. @default 0 */
  readonly omissions?: number
  /** How many players may be aborted, as if by their signal. @default 0 */
  readonly aborts?: number
  /** Nobody can tell whether another player lives, as if each ran on a machine of its own. @default false */
  readonly strangers?: boolean
  /** How often the clock may jump ahead, at any point. @default 0 */
  readonly ticks?: number
  /** Milliseconds of such a jump. @default 60_000 */
  readonly tick?: number
}

export interface Ending {
  readonly dir: string
  /** Every call that was made, in its order. Other schedules may come to the same ending by other ways. */
  readonly log: readonly Made[]
  /** What became of the players and of the adversaries, by name. */
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** A call as it was made. */
export interface Made {
  readonly player: string
  readonly op: Op
  /** Paths are those within the world's directory, which is `''`. */
  readonly args: readonly unknown[]
  readonly value: unknown
  /** It said so; if that was a lie, it was done all the same. */
  readonly failed: boolean
}

/** What became of a player. */
export type Outcome =
  | { readonly how: 'returned'; readonly value: unknown }
  | { readonly how: 'threw'; readonly error: unknown; readonly injected: boolean }
  | { readonly how: 'killed' }

/** One thing that may happen next: a player makes its call, truly or not; or is stopped; or time passes. */
export interface Choice {
  /** The player's number; -1 is the clock. */
  readonly player: number
  /** Which of the calls it is making together. */
  readonly slot: number
  readonly kind: 'call' | 'kill' | 'abort' | 'fail' | 'lie' | 'omit' | 'tick' | 'pass'
  readonly code?: Errno | 'short'
}

const marks = { call: '', kill: 'x', abort: '^', fail: '!', lie: '~', omit: '?', tick: '+', pass: '-' } as const

/**
 * A choice in the replay string: `A` (A makes its call), `A~EEXIST`, `B!EIO`, `Ax`, `A^`, `A?` (a listing leaves out what came late), `B1` (its second at once),
 * `+` (the clock jumps), `-` (all sleep, and time passes).
 */
export const spellChoice = ({ player, slot, kind, code }: Choice): string =>
  player < 0 ? marks[kind] : `${letter(player)}${slot || ''}${marks[kind]}${code ?? ''}`

export const letter = (player: number): string => String.fromCharCode(65 + player)
