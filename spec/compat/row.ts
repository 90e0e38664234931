// What is tried on a runtime.

export type Form = 'promise' | 'sync'

export interface Row {
  readonly name: string
  /** Throws if it does not work. `across` is a directory on another device, if there is one. */
  readonly run: (form: Form, dir: string, across: string) => unknown
  readonly forms: readonly Form[]
}
