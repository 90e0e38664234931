// A scene: the call in which a process is killed, and what must be there afterwards, and after the next caller.

import type { Verdict } from '../run/results.js'

export interface Scene<Way> {
  readonly ways: Readonly<Record<string, Way>>
  /** The names that are asked for, with everything below them. Any other name is debris. */
  readonly asked: readonly string[]
  /** The packages that do not claim to do this, as in the contest of the function itself. */
  readonly unpromised?: Partial<Record<Verdict, readonly string[]>>
  lay?(dir: string): void
  /** Makes the call. `who`: 0 is killed in it, 1 comes next and does the same. */
  act(way: Way, dir: string, who: number): Promise<unknown>
  /** Is what is there neither torn nor gone? If `isDone`, the call must also have had its effect. */
  isGood(dir: string, isDone: boolean, way: Way): boolean | Promise<boolean>
}
