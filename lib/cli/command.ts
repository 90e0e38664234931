// What a command of the command line is: one record, from which its help, its completion and the check of its arguments
// come.

import type { Given } from './given.js'
import type { Say } from './say.js'
import type { Signals } from './signals.js'

export interface Option {
  readonly short?: string
  /** What its value is called in the help; a flag has none. */
  readonly value?: string
  readonly help: string
}

export interface Command {
  readonly name: string
  readonly summary: string
  /** The operands, as the usage shows them: in brackets those that may be missing, and with dots one of which there may be more. */
  readonly operands: string
  /** Whether a program with its arguments may follow behind `--`, or must; without, none may. */
  readonly program?: 'optional' | 'required'
  readonly options: Readonly<Record<string, Option>>
  /** What the help says besides. */
  readonly notes?: string
  /** Loaded when the command is run, because each needs other functions of the package. */
  readonly load: () => Promise<Run>
}

/** Returns the status. */
export type Run = (call: Call) => Promise<number>

/** A command line that was found to be right. */
export interface Call {
  readonly operands: readonly string[]
  /** Empty if no program was given. */
  readonly program: readonly string[]
  readonly given: Given
  /** All commands that there are. */
  readonly commands: readonly Command[]
  readonly say: Say
  readonly signals: Signals
  /** Aborted by a signal that comes while no program runs. */
  readonly signal: AbortSignal
}

/** What every command takes. */
export const commonOptions = {
  json: { help: 'print the result as JSON' },
  quiet: { short: 'q', help: 'print no remarks' },
  verbose: { short: 'v', help: 'print more remarks' },
  help: { short: 'h', help: 'print this' },
} as const satisfies Record<string, Option>

export const parents: Option = { short: 'p', help: 'make missing directories above' }

export const durability: Option = {
  value: 'none|file|full',
  help: 'what is on disk before the command ends (default: file)',
}

export const mode: Option = { short: 'm', value: 'MODE', help: 'permission bits, in octal' }

export const wait: Option = { short: 'w', value: 'DUR', help: 'wait for so long at most, then end with 124' }

export const lockPath: Option = { value: 'DIR', help: 'the directory that is the lock (default: PATH.lock)' }
