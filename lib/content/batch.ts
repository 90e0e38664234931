// What a swap of the shared cell is to reserve, for one call or several (./reserve-together.ts).

/** What the cell says. */
export interface Reserved {
  /** All bytes and blobs, those that are leased or linked elsewhere as well: they may come to be removable at any time. */
  readonly bytes: number
  readonly count: number
  /** What came since the last scan, of new blobs and of leases that were given back. */
  readonly newBytes: number
  readonly newCount: number
  /** When the last scan was, seconds since 1970. */
  readonly scannedAtS: number
}

/** `left`: the call that was to swap has ended without. */
export type Outcome = { readonly reserved: Reserved | undefined } | 'left'

/** A swap that is under way, or to come. */
export interface Batch {
  bytes: number
  count: number
  readonly over: Promise<Outcome>
  readonly end: (outcome: Outcome) => void
}

export interface Batches {
  now: Batch | undefined
  next: Batch | undefined
}

export function newBatch(bytes: number): Batch {
  let end: Batch['end'] = () => {}
  const over = new Promise<Outcome>(resolve => {
    end = resolve
  })
  return { bytes, count: 1, over, end }
}
