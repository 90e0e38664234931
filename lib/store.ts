// `holdfast/store`: keyed values that any number of processes use at once.

export type { Backing, Claim, ClaimEvidence, Draft, Kept, Page } from './store/backing.js'
export type { Codec } from './store/codec.js'
export type {
  AnyStore,
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
export { type EnabledOptions, enabled } from './store/enabled.js'
export { type EvictOptions, evict } from './store/evict.js'
export { type FileStoreOptions, fileStore } from './store/files.js'
export type { ClaimHolder } from './store/get-or-set/errors.js'
export {
  type Compute,
  type GetOrSet,
  type GetOrSetOptions,
  type Got,
  getOrSet,
  type Source,
  type Task,
} from './store/get-or-set.js'
export {
  type ComputeMany,
  type GetOrSetMany,
  type GetOrSetManyOptions,
  getOrSetMany,
  type ManyTask,
} from './store/get-or-set-many.js'
export { keptOf } from './store/kept.js'
export {
  type AlignedRule,
  type AllRule,
  type Decision,
  type Expired,
  type HitOptions,
  type LeakyRule,
  type Limiter,
  type LimiterOptions,
  limiter,
  type PeekOptions,
  type Rule,
  type SlidingRule,
  type TokensRule,
  type WindowRule,
} from './store/limiter.js'
export { type MemoOptions, memo } from './store/memo.js'
export { memoryStore } from './store/memory.js'
export { openStore, type StoreOptions } from './store/open.js'
export { overwrite } from './store/overwrite.js'
export { prefix } from './store/prefix.js'
export { refreshing } from './store/refreshing.js'
export { removeMany } from './store/remove-many.js'
export { type AnyScope, multiScope, type Scope, type ScopeOptions, scope } from './store/scope.js'
export { type Counts, stats } from './store/stats.js'
export {
  type StoreHold,
  type StoreHolder,
  type StoreLease,
  type StoreLock,
  type StoreLockOptions,
  type StoreWaiting,
  storeLock,
} from './store/store-lock.js'
export { type TiersOptions, tiers } from './store/tiers.js'
export { confirmCommit, type UnknownOutcome, unknownOutcome } from './store/unknown-outcome.js'
