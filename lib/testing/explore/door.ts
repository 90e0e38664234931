// The door through which the players of a world reach its directory: it performs their calls, keeps them inside, and
// knows each inode by the call that made it.

import { existsSync, fstatSync, lstatSync } from 'node:fs'
import { isAbsolute, resolve, sep } from 'node:path'
import { performSync } from '../../core/disk.js'
import type { Call, Entry, Op } from '../../core/steps.js'
import { BadWorld } from './bad-world.js'
import type { Directory } from './directory.js'
import { changes } from './faults.js'
import { Listing, Opening } from './listing.js'
import type { Player } from './player.js'

/** Makes a player's call, and answers it as every machine would. */
export function perform(player: Player, call: Call, ground: Directory): unknown {
  const { op, args } = call
  if (args[0] instanceof Opening) return open(player, call, args[0].path, ground)
  if (args[0] instanceof Listing) return read(op, args[0])
  const [first, second] = args as [string, string]
  if (op !== 'symlink') keepInside(player, call, first, ground.root)
  if (op === 'symlink' || op === 'link' || op === 'rename') keepInside(player, call, second, ground.root)
  // What it says is known before it is done: `w` makes an inode only if there is none.
  const fresh = op === 'open' && changes(call) && !existsSync(first)
  const value = quickly(() => performSync(call))
  const born = (ino: bigint) => ground.born(ino, player.number, player.calls)
  switch (op) {
    case 'mkdir':
      born(lstatSync(first, { bigint: true }).ino)
      return value
    case 'symlink':
      ground.linked = true
      born(lstatSync(second, { bigint: true }).ino)
      return value
    case 'open':
      player.fds.add(value as number)
      if (fresh) born(fstatSync(value as number, { bigint: true }).ino)
      return value
    case 'close':
      player.fds.delete(args[0] as number)
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

/** Opens a directory to be listed; it fails as the whole call would. */
function open(player: Player, call: Call, path: string, ground: Directory): Listing {
  keepInside(player, call, path, ground.root)
  quickly(() => performSync({ op: call.op, args: [path] }))
  return new Listing(path, ground)
}

function read(op: Op, listing: Listing): unknown {
  const place = listing.place()
  return place === undefined ? [] : sorted(performSync({ op, args: [place] }) as (string | Entry)[])
}

/** In one order on every machine. */
const sorted = (entries: (string | Entry)[]): (string | Entry)[] =>
  entries.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
const nameOf = (entry: string | Entry): string => (typeof entry === 'string' ? entry : String(entry.name))

/** What stands above the world may be looked at, or made once more; what stands beside it is none of its business. */
function keepInside(player: Player, call: Call, path: unknown, root: string): void {
  if (typeof path !== 'string') return
  const at = isAbsolute(path) && !/[\\/](\.|$)/.test(path) ? path : resolve(path)
  if (at !== root && isWithin(at, root)) return
  if (isWithin(root, at) && (call.op === 'mkdir' || !changes(call))) return
  throw new BadWorld(`Player ${player.name} leaves its world: ${call.op} ${path}`)
}

const isWithin = (path: string, dir: string): boolean =>
  path === dir || path.startsWith(dir.endsWith(sep) ? dir : dir + sep)

/** Half the time of a call that fails goes into its error's stack, which nobody reads here. */
function quickly<T>(work: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
