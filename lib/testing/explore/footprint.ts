// Which calls of two processes commute? Those that share nothing that a call reads or writes: the binding of a name, the
// set of names in a directory, an inode. Because the explorer tries only one order of two calls that commute, this file
// errs on the side of dependence, and spec/testing/explore/independence.spec.ts checks it pair by pair on real
// directories.

import type { Call, Op } from '../../core/steps.js'
import type { Ground } from './ground.js'
import { Listing, Opening } from './listing.js'
import { nameKeys, namesIn, walk } from './look-up.js'

export interface Footprint {
  /** What the call reads. */
  readonly r: readonly string[]
  /** What the call writes. */
  readonly w: readonly string[]
  /** The sets to which it adds, or from which it takes. Two such calls commute. */
  readonly adds: readonly string[]
  /** The sets that it sees as a whole. Such a call commutes with another, but not with one that adds or takes. */
  readonly sees: readonly string[]
}

export const nothing: Footprint = { r: [], w: [], adds: [], sees: [] }

/** What a call touched that failed: it changed nothing, so it only read. That alone saves most of the schedules. */
export const asRead = (f: Footprint): Footprint => ({ r: [...f.r, ...f.w], w: [], adds: [], sees: f.sees })

/** What a call touched that has changed something. Where files are `timed`, when it was made shows in them. */
export const asChange = (f: Footprint, timed: boolean): Footprint =>
  merge(f, { ...nothing, adds: ['world'], sees: timed ? ['clock'] : [] })

export const dependent = (f: Footprint, g: Footprint): boolean =>
  meet(f.w, g.w) || meet(f.w, g.r) || meet(f.r, g.w) || meet(f.adds, g.sees) || meet(f.sees, g.adds)

const meet = (a: readonly string[], b: readonly string[]): boolean => a.some(one => b.includes(one))

export const merge = (...all: readonly Footprint[]): Footprint => ({
  r: all.flatMap(f => f.r),
  w: all.flatMap(f => f.w),
  adds: all.flatMap(f => f.adds),
  sees: all.flatMap(f => f.sees),
})

/** Returns what a call is going to touch, in the state in which the world is now. */
export function footprint({ op, args }: Call, ground: Ground): Footprint {
  const [first, second] = args as [string, string]
  switch (op) {
    case 'mkdir':
    case 'symlink':
      return named(op === 'mkdir' ? first : second, ground)
    case 'rmdir':
      return merge(
        { ...named(first, ground), sees: namesIn(walk(first, ground, false).at, ground) },
        whereabouts(first, ground),
      )
    case 'unlink':
      return merge(named(first, ground), inode(first, ground, 'w'))
    case 'link':
      return merge(read(first, ground, false), named(second, ground), inode(first, ground, 'w'))
    case 'rename': {
      const moved = merge(whereabouts(first, ground), whereabouts(second, ground))
      const stamped = ground.timed ? inode(first, ground, 'w') : nothing
      const names = merge(named(first, ground), named(second, ground), inode(second, ground, 'w'), moved, stamped)
      return { ...names, sees: namesIn(walk(second, ground, false).at, ground) }
    }
    case 'open': {
      if (second.startsWith('r')) return read(first, ground, true)
      // Through a link that leads nowhere, `w` makes what the link names, and `wx` makes nothing. `a+` may make the name.
      return merge(named(first, ground, !second.includes('x')), inode(first, ground, 'w'))
    }
    case 'stat':
    case 'lstat':
      return merge(read(first, ground, op === 'stat'), inode(first, ground, 'r'))
    case 'readlink':
      return read(first, ground, false)
    case 'realpath':
    case 'exists':
      return read(first, ground, true)
    case 'readdir':
    case 'list':
      return listing(args[0], ground)
    case 'chmod':
    case 'chown':
      return merge(read(first, ground, true), inode(first, ground, 'w'), { ...nothing, w: ['modes'] })
    case 'utimes':
      return merge(read(first, ground, true), inode(first, ground, 'w'))
    case 'now':
      return { ...nothing, sees: ['clock'] }
    case 'alive':
      return { ...nothing, r: [`alive:${playerOf(first)}`] }
    case 'clone':
      return merge(opened('r', args[0], ground), named(args[2] as string | number, ground))
    default:
      return onDescriptor(op, args[0], ground)
  }
}

/** The number of the player that an owner names, be that a process or a thread. */
export const playerOf = (owner: string): number => Number(/(?:^|-)explored-(\d+)-/.exec(owner)?.[1])

function onDescriptor(op: Op, fd: unknown, ground: Ground): Footprint {
  switch (op) {
    case 'write':
    case 'ftruncate':
    case 'futimes':
      return opened('w', fd, ground)
    case 'fchmod':
    case 'fchown':
      return merge(opened('w', fd, ground), { ...nothing, w: ['modes'] })
    case 'read':
    case 'fstat':
      return opened('r', fd, ground)
    default: // close, fsync: no other process can notice them.
      return nothing
  }
}

/** The inode behind a descriptor is read or written. */
const opened = (how: 'r' | 'w', fd: unknown, ground: Ground): Footprint => ({
  ...nothing,
  [how]: [`inode:${ground.inodeOf(fd as number)}`],
})

function listing(what: unknown, ground: Ground): Footprint {
  if (what instanceof Listing) return { ...nothing, sees: [`names:${what.inode}`] }
  const path = walk(what instanceof Opening ? what.path : (what as string), ground, true)
  const sees = what instanceof Opening && !ground.omits ? [] : namesIn(path.at, ground)
  return { ...nothing, r: path.reads, sees }
}

/** A directory is moved or removed, which those can see that have it open. */
const whereabouts = (path: string, ground: Ground): Footprint => ({
  ...nothing,
  w: ground.inodesAt(path).map(number => `place:${number}`),
})

/** A name is made or removed. */
function named(path: string | number, ground: Ground, follow = false): Footprint {
  if (typeof path === 'number') return opened('w', path, ground)
  const { reads, at, parent } = walk(path, ground, follow)
  return { r: reads, w: nameKeys(at, parent, ground), adds: namesIn(parent, ground), sees: [] }
}

function read(path: string, ground: Ground, follow: boolean): Footprint {
  return { ...nothing, r: walk(path, ground, follow).reads }
}

function inode(path: string, ground: Ground, how: 'r' | 'w'): Footprint {
  return { ...nothing, [how]: ground.inodesAt(path).map(number => `inode:${number}`) }
}
