import type { Store } from 'holdfast/store'

export interface Race {
  /** The spec file that races. */
  readonly file: string
  readonly name: string
  readonly dir: string
  readonly store: Store<unknown>
  /** How many additions each process makes: as many as its play does. @default as many as there */
  readonly additions?: number
  /** What the server goes through while the processes add, as restarts. @default nothing */
  readonly trouble?: () => Promise<unknown>
  /** After that: of how many additions may it stay unknown whether they were made? @default none */
  readonly mostUnknown?: () => number
}
