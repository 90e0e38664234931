// What the kernel may well have in memory, though this process did not use it a moment ago: see ./hot-directories.ts and
// ./busy-directories.ts.

import type { Call } from './alphabet.js'
import { BusyDirectories } from './busy-directories.js'
import type { DescriptorDevices } from './descriptor-devices.js'
import { HotDirectories } from './hot-directories.js'
import type { KnownDirectories } from './known-directories.js'
import { LightNames } from './light-names.js'
import type { LocalPlaces } from './local-places.js'

/** What is known otherwise. */
interface Known {
  readonly places: LocalPlaces
  readonly dirs: KnownDirectories
  readonly descriptors: DescriptorDevices
}

export class Guesses {
  readonly light: LightNames
  readonly #hot: HotDirectories
  readonly #busy: BusyDirectories

  /** `mostBytes`: of what is read inline, and of a small file. */
  constructor(known: Known, mostBytes: number) {
    this.light = new LightNames(mostBytes)
    this.#hot = new HotDirectories({ ...known, light: this.light }, mostBytes)
    this.#busy = new BusyDirectories({ ...known, light: this.light })
  }

  /** Returns the device that the call concerns, if it is local and the kernel may well have in memory what is needed. */
  find(call: Call): number | undefined {
    return this.#hot.find(call) ?? this.#busy.find(call)
  }

  noteHot(dir: string): void {
    this.#hot.note(dir)
  }

  /** Notes a call that succeeded. */
  note(call: Call, value: unknown): void {
    this.light.note(call, value)
    this.#busy.note(call)
  }
}
