// The processes of a lab: one that serves many points, and fresh ones, the next of which begins meanwhile.

import { join } from 'node:path'
import type { Point } from './point.js'
import { Subject } from './subject.js'

/** Directories in which a process could not remove what it had made: that goes when the process is dead. */
type Unswept = [point: Point, dir: string][]

export class Processes {
  readonly #shim: string
  readonly #root: string
  readonly #home: string
  #spare: Subject | undefined
  #shared: Subject | undefined
  /** What the shared process has done without a fault: first acts differ from later ones. */
  readonly #warmed = new Set<string>()
  #number = 0
  readonly unswept: Unswept = []

  constructor(shim: string, root: string, home: string) {
    this.#shim = shim
    this.#root = root
    this.#home = home
  }

  /** A process that has done nothing yet. */
  fresh(): Subject {
    const subject = this.#spare ?? this.#begin()
    this.#spare = this.#begin()
    return subject
  }

  /** The process that serves many points, and whether this act is new to it. */
  shared(act: string): { readonly subject: Subject; readonly isNew: boolean } {
    this.#shared ??= this.fresh()
    const isNew = !this.#warmed.has(act)
    this.#warmed.add(act)
    return { subject: this.#shared, isNew }
  }

  async endShared(): Promise<Unswept> {
    await this.#shared?.end()
    this.#shared = undefined
    this.#warmed.clear()
    return this.unswept.splice(0)
  }

  async end(): Promise<void> {
    await this.#shared?.end()
    await this.#spare?.end()
    this.#spare = undefined
  }

  #begin(): Subject {
    return new Subject(this.#shim, this.#root, join(this.#home, `control-${this.#number++}`))
  }
}
