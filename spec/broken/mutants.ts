// Wrong relations: each declares two calls independent that are not. The explorer's tests must detect every one of
// them, or they would not detect a mistake in the real relation either.

import { dirname } from 'node:path'
import type { Call } from 'holdfast/steps'
import { dependent, type Footprint, footprint, nothing } from '../../lib/testing/explore/footprint.js'
import type { Ground } from '../../lib/testing/explore/ground.js'
import { Listing, Opening } from '../../lib/testing/explore/listing.js'

/** What `explore` takes instead of its own relation. */
export interface Relation {
  readonly footprint?: typeof footprint
  readonly dependent?: typeof dependent
}

/** Changes how the footprint of every call is seen. */
const seenAs = (change: (touched: Footprint) => Footprint): Relation => ({
  dependent: (f, g) => dependent(change(f), change(g)),
})

/** Gets the footprint of one kind of call wrong. */
const callSeenAs = (op: Call['op'], change: (touched: Footprint, call: Call) => Footprint): Relation => ({
  footprint: (call, ground) => (call.op === op ? change(footprint(call, ground), call) : footprint(call, ground)),
})

const but = (prefix: string, list: readonly string[]): string[] => list.filter(one => !one.startsWith(prefix))
const only = (prefix: string, list: readonly string[]): string[] => list.filter(one => one.startsWith(prefix))

const withoutInodes = (f: Footprint): Footprint => ({ ...f, r: but('inode:', f.r), w: but('inode:', f.w) })
const withoutSights = (f: Footprint): Footprint => ({ ...f, sees: [] })
const withoutWay = (f: Footprint): Footprint => {
  const all = [...f.r, ...f.w]
  return { ...f, r: f.r.filter(one => !all.some(other => other.startsWith(`${one}/`))) }
}

/** Detected by two calls on a real directory. */
export const wrongOnPairs: Readonly<Record<string, Relation>> = {
  'everything commutes': seenAs(() => nothing),
  'nobody sees what names there are': seenAs(f => ({ ...f, sees: but('names:', f.sees) })),
  'nobody adds to the names there are': seenAs(f => ({ ...f, adds: but('names:', f.adds) })),
  'names are not written': seenAs(f => ({ ...f, w: but('name:', f.w) })),
  'names are only read': seenAs(f => ({ ...f, w: but('name:', f.w), r: [...f.r, ...only('name:', f.w)] })),
  'the way to a name is not read': seenAs(withoutWay),
  'inodes are not touched': seenAs(withoutInodes),
  'inodes are not read': seenAs(f => ({ ...f, r: but('inode:', f.r) })),
  'what changes nothing has read nothing': seenAs(f => (f.w.length > 0 ? f : { ...f, r: [] })),
  'what failed has seen nothing': seenAs(f => (f.w.length > 0 ? f : { ...f, sees: [] })),
  'two writes commute': {
    dependent: (f, g) => dependent({ ...f, w: [] }, g) || dependent(f, { ...g, w: [] }),
  },
  'links are plain names': {
    footprint: (call, ground) => {
      const plain: Ground = {
        root: ground.root,
        linked: false,
        omits: false,
        timed: ground.timed,
        inodesAt: path => ground.inodesAt(path),
        inodeOf: fd => ground.inodeOf(fd),
        held: ground.held,
        directoryOf: path => ground.directoryOf(path),
      }
      return footprint(call, plain)
    },
  },
  'a descriptor leads to no directory': {
    footprint: (call, ground) => {
      const blind: Ground = {
        root: ground.root,
        linked: ground.linked,
        omits: ground.omits,
        timed: ground.timed,
        inodesAt: path => ground.inodesAt(path),
        inodeOf: fd => ground.inodeOf(fd),
        held: false,
        directoryOf: () => undefined,
      }
      return footprint(call, blind)
    },
  },
  'a directory that is open stays where it is': seenAs(f => ({ ...f, w: but('place:', f.w) })),
  'open makes no name': callSeenAs('open', f => ({ ...f, w: but('name:', f.w), adds: [] })),
  'open empties no file': callSeenAs('open', withoutInodes),
  'open reads no name': callSeenAs('open', f => (f.w.length > 0 ? f : nothing)),
  'write changes no inode': callSeenAs('write', () => nothing),
  'unlink takes no name of an inode': callSeenAs('unlink', withoutInodes),
  'link gives an inode no name': callSeenAs('link', withoutInodes),
  'link does not read where it comes from': callSeenAs('link', (f, { args }) => ({
    ...f,
    r: f.r.filter(one => !String(args[0]).endsWith(one.slice('name:'.length))),
  })),
  'rename replaces no inode': callSeenAs('rename', withoutInodes),
  'rename replaces any directory': callSeenAs('rename', withoutSights),
  'rename takes no name away': callSeenAs('rename', f => ({ ...f, w: f.w.slice(1) })),
  'rmdir removes any directory': callSeenAs('rmdir', withoutSights),
  'readdir sees nothing': callSeenAs('readdir', withoutSights),
  'an open directory shows nothing': {
    footprint: (call, ground) => (call.args[0] instanceof Listing ? nothing : footprint(call, ground)),
  },
  'to open a directory reads no name': {
    footprint: (call, ground) => (call.args[0] instanceof Opening ? nothing : footprint(call, ground)),
  },
  'stat reads no inode': callSeenAs('stat', withoutInodes),
  'fstat reads no inode': callSeenAs('fstat', withoutInodes),
  'fchmod changes no inode': callSeenAs('fchmod', f => ({ ...f, w: [] })),
  'chmod changes no inode': callSeenAs('chmod', f => ({ ...f, w: [] })),
  'realpath reads no name': callSeenAs('realpath', () => nothing),
  'readlink reads no name': callSeenAs('readlink', () => nothing),
}

/** Detected by whole schedules only, in which players sleep, die, and share the budget of faults. */
export const wrongOnSchedules: Readonly<Record<string, Relation>> = {
  'everything commutes': seenAs(() => nothing),
  'whoever sleeps does not mind the others': seenAs(f => ({ ...f, sees: but('world', f.sees) })),
  'a change wakes nobody': seenAs(f => ({ ...f, adds: but('world', f.adds) })),
  'nobody sees the clock': seenAs(f => ({ ...f, sees: but('clock', f.sees) })),
  'the clock does not tick': seenAs(f => ({ ...f, adds: but('clock', f.adds) })),
  'a directory is what has its name': {
    footprint: (call, ground) => {
      const touched = footprint(call, ground)
      const paths = call.args.map(arg => (arg instanceof Listing ? arg.path : String(arg)))
      const byName = (all: readonly string[], names: readonly string[]) =>
        all.flatMap(one => (one.startsWith('names:') ? names : [one]))
      const seen = call.op === 'rename' ? paths.slice(1) : paths.slice(0, 1)
      return { ...touched, adds: byName(touched.adds, paths.map(dirname)), sees: byName(touched.sees, seen) }
    },
  },
  'to open a directory does not show what is in it': {
    footprint: (call, ground) => {
      const touched = footprint(call, ground)
      return call.args[0] instanceof Opening ? withoutSights(touched) : touched
    },
  },
  'nobody sees who lives': seenAs(f => ({ ...f, r: but('alive:', f.r) })),
}
