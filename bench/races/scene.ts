// Where somebody is killed in the middle of a call, and what is to be seen there then, and after the next caller.

import type { Verdict } from '../run/results.js'

export interface Scene<Way> {
  readonly ways: Readonly<Record<string, Way>>
  /** The names that are asked for, and all below them; any other is debris. */
  readonly asked: readonly string[]
  /** Who does not say that it does this, as in the contest of the function itself. */
  readonly unpromised?: Partial<Record<Verdict, readonly string[]>>
  lay?(dir: string): void
  /** `who`: 0 is killed in it, 1 comes next and does the same. */
  act(way: Way, dir: string, who: number): Promise<unknown>
  /** Is what is there neither torn nor gone? After the next caller it must also be done. */
  isGood(dir: string, isDone: boolean, way: Way): boolean | Promise<boolean>
}
