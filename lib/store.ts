// `holdfast/store`: keyed values that any number of processes use at once.

export type { Backing, Claim, ClaimEvidence, Draft, Kept, Page } from './store/backing.js'
export type { Codec } from './store/codec.js'
export type {
  Change,
  CreateOptions,
  Entry,
  GetOptions,
  Gone,
  KeysOptions,
  NewValue,
  RemoveOptions,
  Store,
  Swept,
  TouchOptions,
  UpdateOptions,
} from './store/contract.js'
export { type FileStoreOptions, fileStore } from './store/files.js'
export { keptOf } from './store/kept.js'
export { memoryStore } from './store/memory.js'
export { openStore, type StoreOptions } from './store/open.js'
export { confirmCommit, type UnknownOutcome, unknownOutcome } from './store/unknown-outcome.js'
