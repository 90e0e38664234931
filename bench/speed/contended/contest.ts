// What many processes take turns at: one thing that they share, and each side's way to use it.

/** What a process has of it in one round. */
export interface Opened {
  turn(): unknown
  close?(): unknown
}

/** Opens what is shared, at this path. */
export type Side = (place: string) => Opened | Promise<Opened>

export interface Contest {
  readonly name: string
  /** What holdfast is to beat: of the sides whose names begin so, the fastest one. */
  readonly rival?: string
  /** How many each process makes. */
  readonly turns: number
  readonly sides: Readonly<Record<string, Side>>
  /** Makes what is shared. */
  lay(place: string): void
  /** How many turns are counted in it, where that is not seen by the turns themselves. */
  countIn?(place: string): number
}
