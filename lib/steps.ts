// `holdfast/steps`: the notation. Write algorithms of your own in it, and prove them with `holdfast/testing`.

export { door } from './core/disk.js'
export type { Door, SingleCall } from './core/door.js'
export { type DriveOptions, drive, driveSync } from './core/drive.js'
export { type Dual, type DualOptions, openDual as dual } from './core/dual.js'
export { type Errno, hasCode, isSystemError, type SystemError } from './core/errors.js'
export type { Patience } from './core/input.js'
export type { Stats } from './core/stats.js'
export {
  type Alphabet,
  type Call,
  type Entry,
  type Fs,
  fs,
  type Op,
  type OpenFlags,
  type Outcome,
  orNothing,
  type Path,
  type Steps,
  together,
} from './core/steps.js'
export type { Hold } from './lock/hold.js'
export { attended, publish, release, renew } from './lock/lease/of-users.js'
export { type Again, achieve, again, type Trial } from './parts/achieve.js'
export { tidy } from './parts/cleanup.js'
