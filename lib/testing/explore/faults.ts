// What can go wrong with a call: it fails, or it is done and says that it was not.

import { constants } from 'node:os'
import { opsThat } from '../../core/alphabet.js'
import type { Errno } from '../../core/errors.js'
import type { Call, Op } from '../../core/steps.js'
import type { Choice, World } from './world.js'

const changing = opsThat('changes')
const unfailing = opsThat('unfailing')

/** Does it change something when it succeeds? */
export function changes({ op, args }: Call): boolean {
  return changing.has(op) || (op === 'open' && /^w/.test(args[1] as string))
}

/** What a call that was done may say: that it had been done already, or that nobody knows. */
const liesOf: Partial<Record<Op, readonly ('EEXIST' | 'ENOENT' | 'EIO')[]>> = {
  mkdir: ['EEXIST', 'EIO'],
  link: ['EEXIST', 'EIO'],
  symlink: ['EEXIST', 'EIO'],
  rename: ['ENOENT', 'EIO'],
  unlink: ['ENOENT', 'EIO'],
  rmdir: ['ENOENT', 'EIO'],
}

function lies({ op, args }: Call): readonly ('EEXIST' | 'ENOENT' | 'EIO')[] {
  if (op === 'open') return /x/.test(args[1] as string) ? ['EEXIST', 'EIO'] : []
  return liesOf[op] ?? []
}

/** The ways in which a player's call can go wrong, within the budgets that are left. */
export function faultsOf(
  call: Call,
  world: World,
  budget: { failures: number; lies: number },
): Omit<Choice, 'player' | 'slot'>[] {
  const all: Omit<Choice, 'player' | 'slot'>[] = []
  if (budget.failures > 0 && !unfailing.has(call.op) && (world.failIn?.includes(call.op) ?? true)) {
    for (const code of world.failWith ?? (['EIO'] as const)) all.push({ kind: 'fail', code })
    if (call.op === 'write' && (call.args[1] as Uint8Array).length > 1) all.push({ kind: 'fail', code: 'short' })
  }
  if (budget.lies > 0) for (const code of lies(call)) all.push({ kind: 'lie', code })
  return all
}

/** A write of only half the bytes. */
export const shortened = ({ op, args }: Call): Call => {
  const data = args[1] as Uint8Array
  return { op, args: [args[0], data.subarray(0, data.length >> 1)] }
}

export function injected({ op, args }: Call, code: Errno): Error {
  const paths = args.filter(arg => typeof arg === 'string').join(' -> ')
  return Object.assign(new Error(`${code}: injected, ${op} ${paths}`), {
    code,
    errno: -(constants.errno[code as keyof typeof constants.errno] ?? 0),
    syscall: op,
  })
}
