// What can go wrong with a call of each kind.

import type { Errno } from 'holdfast/steps'
import type { Action, Scope } from './shim.js'

export interface Fault {
  /** As it is spelled in the name of a point. */
  readonly name: string
  readonly action: Action
  readonly errno?: Errno
  readonly scope: Scope
  /** It meets the first act of a process, because it ends the process, or because later acts do not make that call. */
  readonly cold: boolean
}

/** Which errors a call can meet, besides EIO, which every call can. Waiting may cure EBUSY and EMFILE. */
const errnos: Readonly<Record<string, readonly Errno[]>> = {
  open: ['ENOSPC', 'EDQUOT', 'EACCES', 'EMFILE', 'ESTALE'],
  read: ['ESTALE'],
  write: ['ENOSPC', 'EDQUOT', 'ESTALE'],
  ftruncate: ['ENOSPC'],
  fsync: ['ENOSPC', 'EDQUOT', 'ESTALE'],
  close: ['ENOSPC', 'EDQUOT'],
  fstat: ['ESTALE'],
  stat: ['EACCES', 'ESTALE'],
  access: ['EACCES', 'ESTALE'],
  readdir: ['EACCES', 'EMFILE', 'ESTALE'],
  readlink: ['EACCES', 'ESTALE'],
  realpath: ['EACCES', 'ESTALE'],
  mkdir: ['ENOSPC', 'EDQUOT', 'EACCES', 'ESTALE'],
  mkdtemp: ['ENOSPC', 'EDQUOT', 'EACCES', 'ESTALE'],
  rmdir: ['EACCES', 'EBUSY', 'ESTALE'],
  unlink: ['EACCES', 'EBUSY', 'ESTALE'],
  rename: ['ENOSPC', 'EDQUOT', 'EACCES', 'EBUSY', 'ESTALE'],
  link: ['ENOSPC', 'EDQUOT', 'EACCES', 'ESTALE'],
  symlink: ['ENOSPC', 'EDQUOT', 'EACCES', 'ESTALE'],
  chmod: ['EACCES', 'ESTALE'],
  chown: ['EDQUOT', 'EACCES', 'ESTALE'],
  utimes: ['EACCES', 'ESTALE'],
  copy: ['ENOSPC', 'EDQUOT', 'ESTALE'],
  clone: ['ENOSPC', 'EDQUOT'],
  statfs: ['EACCES', 'ESTALE'],
  watch: ['ENOSPC'],
}

/** They change the disk: so it can be done and its reply be lost, or not be done and said to be. */
const changing = [
  'mkdir',
  'rmdir',
  'unlink',
  'rename',
  'link',
  'symlink',
  'write',
  'ftruncate',
  'chmod',
  'chown',
  'utimes',
]
/** It makes a name, but cannot be said to be done without a descriptor. */
const canLoseReply = new Set([...changing, 'open', 'mkdtemp'])
const canLie = new Set([...changing, 'fsync'])
const canBeShort = new Set(['read', 'write'])
const lasting: readonly Errno[] = ['EIO', 'ENOSPC', 'EBUSY', 'EMFILE']

const warm = (name: string, action: Action, scope: Scope = 'once'): Fault => ({ name, action, scope, cold: false })
const cold = (name: string, action: Action): Fault => ({ name, action, scope: 'once', cold: true })

/** A call fails that only the first act of a process makes. */
export const first = 'first-EIO'
/** To be killed after a call is to be killed before the next one, so only the last call needs it. */
export const killAfter = 'kill-after'

/** Everything that can go wrong with a call of this kind. */
export function faultsOf(op: string): Fault[] {
  const all: readonly Errno[] = ['EIO', ...(errnos[op] ?? [])]
  return [
    ...all.map(errno => ({ ...warm(errno, 'fail'), errno })),
    ...(canLoseReply.has(op) ? [{ ...warm('EIO-after', 'done-and-fail'), errno: 'EIO' as const }] : []),
    ...all.filter(errno => lasting.includes(errno)).map(errno => ({ ...warm(`${errno}-kind`, 'fail', 'kind'), errno })),
    { ...warm('EIO-everything', 'fail', 'everything'), errno: 'EIO' },
    ...(canLie.has(op) ? [warm('lie', 'lie')] : []),
    ...(canBeShort.has(op) ? [warm('short', 'short')] : []),
    warm('stop', 'stop'),
    { ...cold(first, 'fail'), errno: 'EIO' },
    cold('kill', 'kill'),
    cold(killAfter, 'kill-after'),
  ]
}

export function faultOf(op: string, name: string): Fault {
  const fault = faultsOf(op).find(one => one.name === name)
  if (!fault) throw new Error(`A call of ${op} cannot go wrong like this: ${name}`)
  return fault
}
