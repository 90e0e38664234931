// Where an attacker and a victim meet: the directory that both work in, and what must not come to harm outside of it.

import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { memory, places, scratch } from '../support/kit.js'
import { told } from '../support/planted.js'
import { namesIn } from '../support/trees.js'

export const attacker = 54_321

export interface Ground {
  /** Where trees are laid out, out of the attacker's reach. */
  readonly ready: string
  /** Where the victim works, and the attacker may. */
  readonly own: string
  readonly held: string
  /** Out of the attacker's reach: what is copied from there, or to there. On another device, if there is one. */
  readonly safe: string
  readonly outside: string
  /** What is outside, as it was laid. */
  readonly unharmed: readonly string[]
}

/** Of an ordinary user, or of root, sticky, and for everybody. */
export type Owner = 'user' | 'sticky'

const [disk] = places

export function layGround(owner: Owner): Ground {
  const dir = scratch(memory)
  const safe = scratch(disk?.dir)
  chmodSync(dir, 0o755)
  chmodSync(safe, 0o700)
  const at = (name: string) => join(dir, name)
  for (const one of ['own', 'held']) mkdirSync(at(one))
  chownSync(at('held'), attacker, attacker)
  if (owner === 'user') chownSync(at('own'), attacker, attacker)
  else chmodSync(at('own'), 0o1777)
  layTree(at('outside'))
  const unharmed = told(at('outside')) as string[]
  return { ready: at('ready'), own: at('own'), held: at('held'), safe, outside: at('outside'), unharmed }
}

export const isAcross = ({ own, safe }: Ground): boolean => statSync(own).dev !== statSync(safe).dev

/** Private names, which `sweep` removes, too. */
export const files = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5']
  .map(name => `.${name}.gone-0-0.0123456789abcdef.holdfast`)
  .flatMap(name => [`d/${name}`, `d/e/${name}`])

const secret = 'kept'

/** Lays out a tree. What is outside is root's, and has a content that is nowhere else. */
export function layTree(top: string, owner = 0, content = secret): void {
  for (const dir of ['', 'd', 'd/e']) {
    mkdirSync(join(top, dir), { recursive: true })
    chownSync(join(top, dir), owner, owner)
  }
  for (const file of files) {
    writeFileSync(join(top, file), content)
    chownSync(join(top, file), owner, owner)
  }
  for (const name of [...files, 'd/e', 'd', '']) utimesSync(join(top, name), 1_000_000_000, 1_000_000_000)
}

/** How many things outside are gone, or new, or written, or given to another user. They are put right again. */
export function harmed({ outside, unharmed }: Ground): number {
  const now = told(outside) ?? []
  const changed = unharmed.filter((line, at) => now[at] !== line).length
  if (changed === 0 && now.length === unharmed.length) return 0
  rmSync(outside, { recursive: true, force: true })
  layTree(outside)
  return Math.max(1, changed)
}

/** How many files below a directory have what only those outside have. */
export function leaked(dir: string): number {
  if (!existsSync(dir)) return 0
  const isStolen = (path: string) => lstatSync(path).isFile() && readFileSync(path, 'utf8') === secret
  return namesIn(dir).filter(name => isStolen(join(dir, name))).length
}
