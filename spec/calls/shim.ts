// The shim in C (./shim.c): how it is compiled, and the control block by which it is told what is to go wrong.

import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Errno } from 'holdfast/steps'

/** What becomes of a call. The order is that of ./shim.h. */
export const actions = ['none', 'fail', 'done-and-fail', 'lie', 'short', 'kill', 'kill-after', 'stop'] as const
export type Action = (typeof actions)[number]

/** This call only; this and all later ones of its kind; this and all later ones. The order is that of ./shim.c. */
export const scopes = ['once', 'kind', 'everything'] as const
export type Scope = (typeof scopes)[number]

/** Which call goes wrong, and how. */
export interface Rule {
  readonly op: string
  /** The first call of its kind is 1. */
  readonly nth: number
  readonly action: Action
  readonly errno?: Errno | undefined
  readonly scope: Scope
}

// The TypeScript build leaves C files where they are, so they are found in the source directory.
const sources = ['shim.c', 'shim-paths.c', 'shim-descriptors.c'].map(name =>
  fileURLToPath(new URL(`../../../spec/calls/${name}`, import.meta.url)),
)

/** Compiles the shim into a directory. Returns its path, or why there is none. */
export function compileShim(dir: string): { readonly path: string } | { readonly why: string } {
  if (process.platform !== 'linux') return { why: 'it takes Linux' }
  const path = join(dir, 'shim.so')
  const [compiler = 'cc', ...flags] = (process.env.CC || 'cc').split(' ')
  const args = [...flags, '-shared', '-fPIC', '-O2', '-o', path, ...sources, '-ldl']
  const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' })
  if (error) return { why: `there is no C compiler: ${error.message}` }
  return status === 0 ? { path } : { why: `${compiler} does not compile the shim: ${stderr}` }
}

/** Where the parts of the control block begin, in bytes. Its layout is that of ./shim.c. */
const at = { armed: 0, op: 4, fired: 24, stopped: 28, logged: 32, names: 36, log: 512, end: 64 * 1024 } as const

/** The control block, which the shim, its process and the judge all see. */
export class Control {
  readonly #fd: number

  constructor(readonly path: string) {
    this.#fd = openSync(path, 'r+')
  }

  /** Makes the file of a new one. */
  static create(path: string): Control {
    writeFileSync(path, Buffer.alloc(at.end))
    return new Control(path)
  }

  /** From now on calls are counted, and go wrong if the rule says so. */
  arm(rule: Rule | undefined): void {
    const block = Buffer.alloc(at.names - at.op)
    if (rule) {
      const op = this.#ops().indexOf(rule.op)
      if (op < 0) throw new Error(`The shim knows no calls of this kind: ${rule.op}`)
      const error = rule.errno === undefined || rule.errno === 'UNKNOWN' ? 0 : constants.errno[rule.errno]
      const numbers = [op, rule.nth, actions.indexOf(rule.action), error, scopes.indexOf(rule.scope)]
      for (const [index, number] of numbers.entries()) block.writeInt32LE(number, 4 * index)
    }
    writeSync(this.#fd, block, 0, block.length, at.op)
    this.#set(at.armed, 1)
  }

  disarm(): void {
    this.#set(at.armed, 0)
  }

  /** Lets a process go on that was stopped. */
  release(): void {
    this.#set(at.stopped, 0)
  }

  get fired(): boolean {
    return this.#get(at.fired) !== 0
  }

  get stopped(): boolean {
    return this.#get(at.stopped) !== 0
  }

  /** The calls that were counted, in their order, with what they were about. */
  calls(): { readonly op: string; readonly about: string }[] {
    const log = this.#text(at.log, Math.min(this.#get(at.logged), at.end - at.log))
    const lines = log.split('\n').filter(line => line !== '')
    return lines.map(line => ({ op: line.slice(0, line.indexOf(' ')), about: line.slice(line.indexOf(' ') + 1) }))
  }

  close(): void {
    closeSync(this.#fd)
  }

  #ops(): string[] {
    return (
      this.#text(at.names, at.log - at.names)
        .split('\0', 1)[0]
        ?.trim()
        .split(' ') ?? []
    )
  }

  #get(position: number): number {
    const bytes = Buffer.alloc(4)
    readSync(this.#fd, bytes, 0, 4, position)
    return bytes.readInt32LE()
  }

  #set(position: number, value: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    writeSync(this.#fd, bytes, 0, 4, position)
  }

  #text(position: number, length: number): string {
    const bytes = Buffer.alloc(length)
    readSync(this.#fd, bytes, 0, length, position)
    return bytes.toString('latin1')
  }
}
