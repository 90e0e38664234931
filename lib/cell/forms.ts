// The functions of `cell`, as users call them, and their options.

import type { Dual } from '../core/dual.js'
import type { Durability, Patience } from '../core/input.js'
import type { Reading } from './load.js'
import type { Next, State } from './state.js'

export interface CellOptions extends Patience {
  /**
   * `file`: data is on the disk before the state that names it, and the next state is before that data goes. The state
   * itself may be an earlier one after a power cut. `full`: the state is on the disk, too, before the call ends.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above the cell; with `durability: 'full'` their names are on the disk, too. @default false */
  readonly parents?: boolean | undefined
}

export interface NextState extends Next {
  /** What is too large for `fields`. @default none, or with `keepData` that of the state before */
  readonly data?: string | NodeJS.ArrayBufferView | undefined
}

type Dir = string | URL

/** The functions of `cell`. */
export interface Cell {
  /**
   * Reads the state. One call, unless the directory looks empty.
   *
   * @param dir A path, or a `file:` URL.
   * @returns The state, or undefined if the cell is void (no directory, or an empty one).
   */
  readonly read: Dual<[dir: Dir, options?: Patience], State | undefined>
  /**
   * Reads the state and its data. Both are read again if another call changes the cell meanwhile.
   *
   * @param dir A path, or a `file:` URL.
   * @returns The state with its `data`, or undefined if the cell is void.
   */
  readonly load: Dual<[dir: Dir, options?: Patience], Reading | undefined>
  /**
   * Gives a void cell its first state.
   *
   * @param dir A path, or a `file:` URL. Its parent directory must exist, unless `parents` makes it.
   * @param next The state: `fields`, `data`, `gone`.
   * @returns That state, or undefined if there was one already.
   */
  readonly create: Dual<[dir: Dir, next?: NextState, options?: CellOptions], State | undefined>
  /**
   * Changes the state, if it is still the one that was read. One call, unless there is `data`, or some is dropped.
   *
   * @param dir A path, or a `file:` URL.
   * @param from A state that `read`, `load`, `create` or `swap` returned.
   * @param next The state that comes after it: `fields`, `data`, `keepData`, `gone`.
   * @returns That state, or undefined if another call was first.
   */
  readonly swap: Dual<[dir: Dir, from: State, next?: NextState, options?: CellOptions], State | undefined>
  /**
   * Makes the cell void, if its state is still the one that was read. On a filesystem that is not local, a state becomes a
   * tombstone with its fields first, because only that shows which call did it if a reply is lost.
   *
   * @param dir A path, or a `file:` URL.
   * @param from A state that `read`, `load`, `create` or `swap` returned.
   * @returns Whether this call did it.
   */
  readonly clear: Dual<[dir: Dir, from: State, options?: Patience], boolean>
}
