// When files were changed, in a world whose files have a clock: that of a file server need not be that of the players.

import { fstatSync, lstatSync, statSync } from 'node:fs'
import type { Call } from '../../core/steps.js'

/** The clock by which files show when they were made, renamed or changed. */
export interface FileClock {
  /** How far (ms) it is ahead of the clock that the players read. @default 0 */
  readonly ahead?: number
  /** How far (ms) it jumps when the clock jumps: if that differs, it is set meanwhile. @default as far */
  readonly tick?: number
  /** A rename shows in the `ctime` of what is renamed. @default true */
  readonly showsRenames?: boolean
}

export class FileTimes {
  /** How far their clock is ahead. */
  aheadMs: number
  readonly #clock: FileClock
  readonly #nowMs: () => number
  /** On the clock of the files (ms). */
  readonly #changed = new Map<bigint, number>()

  constructor(clock: FileClock, nowMs: () => number) {
    this.aheadMs = clock.ahead ?? 0
    this.#clock = clock
    this.#nowMs = nowMs
  }

  /** The clock of the players jumps. */
  tick(ms: number): void {
    this.aheadMs += (this.#clock.tick ?? ms) - ms
  }

  at(ino: bigint): number {
    return this.#changed.get(ino) ?? 0
  }

  change(ino: bigint): void {
    this.#changed.set(ino, this.#nowMs() + this.aheadMs)
  }

  /** The call has been made. */
  note({ op, args }: Call): void {
    const [first, second] = args as [string, string]
    if (op === 'rename' && (this.#clock.showsRenames ?? true)) this.change(lstatSync(second, { bigint: true }).ino)
    if (op === 'link') this.change(lstatSync(second, { bigint: true }).ino)
    if (onPath.has(op)) this.change(statSync(first, { bigint: true }).ino)
    if (onDescriptor.has(op)) this.change(fstatSync(args[0] as number, { bigint: true }).ino)
  }
}

/** The times in stats: only that of the last change is known. */
export const timesOf = (changedMs: number) => ({
  ...{ atimeMs: 0n, mtimeMs: 0n, birthtimeMs: 0n, atimeNs: 0n, mtimeNs: 0n, birthtimeNs: 0n },
  ctimeMs: BigInt(Math.floor(changedMs)),
  ctimeNs: BigInt(Math.floor(changedMs * 1e6)),
})

const onPath: ReadonlySet<string> = new Set(['chmod', 'chown', 'utimes'])
const onDescriptor: ReadonlySet<string> = new Set(['write', 'ftruncate', 'fchmod', 'fchown', 'futimes'])
