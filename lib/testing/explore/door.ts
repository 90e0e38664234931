// The door between the players of a world and its directory: it performs their calls, keeps them inside the world, and
// numbers each inode by the call that made it.

import { existsSync, fstatSync, lstatSync } from 'node:fs'
import { isAbsolute, resolve, sep } from 'node:path'
import { door } from '../../core/disk.js'
import type { SingleCall } from '../../core/door.js'
import type { Call, Entry, Op } from '../../core/steps.js'
import { BadWorld } from './bad-world.js'
import type { Directory } from './directory.js'
import { changes } from './faults.js'
import { Listing, Opening } from './listing.js'
import type { Player } from './player.js'

/** Performs a player's call. What it returns is the same on every machine. */
export function perform(player: Player, call: Call, ground: Directory): unknown {
  const { op, args } = call
  if (args[0] instanceof Opening) return open(player, call, args[0].path, ground)
  if (args[0] instanceof Listing) return read(op, args[0])
  const [first, second] = args as [string, string]
  if (op !== 'symlink') keepInside(player, call, first, ground)
  if (op === 'symlink' || op === 'link' || op === 'rename') keepInside(player, call, second, ground)
  if (op === 'clone') keepInside(player, call, args[2], ground)
  // `w` makes an inode only if there is none, and afterwards there is one in any case.
  const fresh = op === 'open' && changes(call) && !existsSync(first)
  const value = withoutStack(() => door.performSync(call as SingleCall))
  ground.times?.note(call)
  const born = (ino: bigint) => ground.born(ino, player.number, player.calls)
  switch (op) {
    case 'mkdir':
      born(lstatSync(first, { bigint: true }).ino)
      return value
    case 'symlink':
      ground.linked = true
      born(lstatSync(second, { bigint: true }).ino)
      return value
    case 'clone':
      if (typeof args[2] === 'string') born(lstatSync(args[2], { bigint: true }).ino)
      return value
    case 'open':
      player.fds.add(value as number)
      if (second === 'r directory') ground.held = true
      if (fresh) born(fstatSync(value as number, { bigint: true }).ino)
      return value
    case 'write':
    case 'ftruncate':
      player.unsynced.add(args[0] as number)
      return value
    case 'fsync':
      player.unsynced.delete(args[0] as number)
      return value
    case 'close':
      player.fds.delete(args[0] as number)
      player.unsynced.delete(args[0] as number)
      return value
    case 'readdir':
    case 'list':
      return sorted(value as (string | Entry)[])
    case 'stat':
    case 'lstat':
    case 'fstat':
      return value && ground.masked(value as never)
    default:
      return value
  }
}

/** Opens a directory that is to be listed. If it cannot be listed, this fails as the whole call would. */
function open(player: Player, call: Call, path: string, ground: Directory): Listing {
  keepInside(player, call, path, ground)
  withoutStack(() => door.performSync({ op: call.op as 'list', args: [path] }))
  return new Listing(path, ground)
}

function read(op: Op, listing: Listing): unknown {
  const place = listing.place()
  return place === undefined ? [] : sorted(door.performSync({ op: op as 'list', args: [place] }) as (string | Entry)[])
}

/** Sorted by name, because filesystems list in different orders. */
const sorted = (entries: (string | Entry)[]): (string | Entry)[] =>
  entries.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
const nameOf = (entry: string | Entry): string => (typeof entry === 'string' ? entry : String(entry.name))

/** A player may look at the directories above its world, or try to make them again, but must not reach what is beside it. */
function keepInside(player: Player, call: Call, path: unknown, ground: Directory): void {
  if (typeof path !== 'string') return
  const held = ground.directoryOf(path)
  if (held) {
    // In a directory that was removed, there is nothing to reach.
    if (held.place !== undefined) keepInside(player, call, `${ground.root}${held.place}${held.rest}`, ground)
    return
  }
  // What the system says of itself is the same for all players, and none of them changes it.
  if (path.startsWith('/proc/') && !changes(call)) return
  const { root } = ground
  const at = isAbsolute(path) && !/[\\/](\.|$)/.test(path) ? path : resolve(path)
  if (at !== root && isWithin(at, root)) return
  if (isWithin(root, at) && (call.op === 'mkdir' || !changes(call))) return
  throw new BadWorld(`Player ${player.name} leaves its world: ${call.op} ${path}`)
}

const isWithin = (path: string, dir: string): boolean =>
  path === dir || path.startsWith(dir.endsWith(sep) ? dir : dir + sep)

/** Without stacks, which take half the time of a call that fails and are not used here. */
function withoutStack<T>(work: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
