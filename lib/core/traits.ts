// What the drivers and the explorer must know of each call. Every list of calls in this package is derived from this table.

import type { Call, Op } from './alphabet.js'

interface Traits {
  /** It waits for time or other processes, so a driver may end it early, and it is never made with other calls. */
  readonly waits?: true
  /** It needs neither a thread nor the disk, so it gains nothing from being made together with other calls. */
  readonly inline?: true
  /** It gives something back, so it is never interrupted: an algorithm can clean up wherever it was stopped. */
  readonly givesBack?: true
  /**
   * Other processes may see a difference when it succeeds. (For `open`, that depends on its flags.)
   */
  readonly changes?: true
  /** No other process can ever see whether it was made, so the explorer need not try it earlier or later. */
  readonly unseen?: true
  /** It concerns no other process, so the explorer performs it at once: it is not a step of the schedule. */
  readonly own?: true
  /** No failure is injected: a disk causes none, or the process could do nothing about it. */
  readonly unfailing?: true
  /** If it fails, what was written through its descriptor, and not synced, may be lost. Then failures are injected. */
  readonly losesWrites?: true
  /** It acts on an open descriptor, not on a name. */
  readonly onDescriptor?: true
  /** It opens a file: one that stays open (`open`), or one that is closed again before it ends. */
  readonly takesDescriptor?: true
}

/** The traits of each call. */
const ops: Readonly<Record<Op, Traits>> = {
  open: { takesDescriptor: true },
  read: { onDescriptor: true },
  write: { onDescriptor: true, changes: true },
  ftruncate: { onDescriptor: true, changes: true },
  fsync: { onDescriptor: true, unseen: true },
  close: { onDescriptor: true, unseen: true, givesBack: true, unfailing: true, losesWrites: true },
  fstat: { onDescriptor: true },
  fchmod: { onDescriptor: true, changes: true },
  fchown: { onDescriptor: true, changes: true },
  futimes: { onDescriptor: true, changes: true },
  stat: {},
  lstat: {},
  exists: { unfailing: true },
  readFile: { takesDescriptor: true },
  readlink: {},
  readdir: { takesDescriptor: true },
  list: { takesDescriptor: true },
  mkdir: { changes: true },
  rmdir: { changes: true, givesBack: true },
  rename: { changes: true },
  link: { changes: true },
  symlink: { changes: true },
  unlink: { changes: true, givesBack: true },
  clone: { onDescriptor: true, changes: true, takesDescriptor: true },
  chmod: { changes: true },
  chown: { changes: true },
  utimes: { changes: true },
  realpath: {},
  now: { inline: true, unfailing: true },
  random: { inline: true, own: true },
  sleep: { waits: true },
  changed: { waits: true },
  self: { inline: true, own: true },
  thread: { inline: true, own: true },
  alive: { inline: true, unfailing: true },
  hot: { inline: true, own: true },
  recall: { inline: true, own: true },
  remember: { inline: true, own: true },
  holding: { inline: true, own: true, givesBack: true },
  later: { inline: true, own: true, givesBack: true },
  blocking: { inline: true, own: true },
  postpone: { inline: true, own: true, givesBack: true },
  ifLeft: { inline: true, own: true, givesBack: true },
  goOn: { inline: true, own: true, givesBack: true },
  retryFor: { inline: true, own: true },
  descriptors: { inline: true, own: true },
  keep: { inline: true, own: true, givesBack: true },
  mountId: { inline: true, own: true },
  position: { inline: true, unfailing: true },
  local: { unfailing: true },
  clocked: { unfailing: true },
  quick: { inline: true, own: true },
  inOneGo: { inline: true, own: true },
  together: {},
  settle: { waits: true, own: true },
}

export const allOps = Object.keys(ops) as readonly Op[]

/** The calls that have at least one of these traits. */
export const opsThat = (...traits: readonly (keyof Traits)[]): ReadonlySet<Op> =>
  new Set(allOps.filter(op => traits.some(trait => ops[op][trait])))

const waiting = opsThat('waits')
export const isWait = ({ op }: Call): boolean => waiting.has(op)

const givingBack = opsThat('givesBack')

/** Does the call give something back? Such a call is never interrupted. */
export const givesBack = ({ op, args }: Call): boolean =>
  op === 'together' ? (args[0] as Call[]).every(givesBack) : givingBack.has(op)

const taking = opsThat('takesDescriptor')

/** Does the call, or one of those made together, take a descriptor? */
export const takesDescriptor = ({ op, args }: Call): boolean =>
  op === 'together' ? (args[0] as Call[]).some(takesDescriptor) : taking.has(op)
