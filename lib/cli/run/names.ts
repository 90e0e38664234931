// Files, links and directories are moved, copied, removed and made.

import { copy } from '../../copy.js'
import { emptyDir } from '../../empty-dir.js'
import { link } from '../../link.js'
import { mkdirp } from '../../mkdirp.js'
import { move } from '../../move.js'
import { remove } from '../../remove.js'
import { symlink } from '../../symlink.js'
import type { Call } from '../command.js'
import { status } from '../failure.js'

export async function runMove({ operands, given, say, signal }: Call): Promise<number> {
  const [source = '', target = ''] = operands
  const moved = await move(source, target, {
    signal,
    overwrite: given.flag('with-gap') ? 'with-gap' : given.flag('force'),
    parents: given.flag('parents'),
    durability: given.durability(),
    onProgress: say.progress,
  })
  if (moved) return 0
  say.remark(`it is there already: ${target}`)
  return status.no
}

export async function runCopy({ operands, given, say, signal }: Call): Promise<number> {
  const [source = '', target = ''] = operands
  const keeps = given.flag('no-replace')
  await copy(source, target, {
    signal,
    overwrite: !keeps,
    errorOnExist: keeps,
    dereference: given.flag('dereference'),
    preserveTimestamps: given.flag('preserve-times'),
    parents: given.flag('parents'),
    durability: given.durability(),
    onProgress: say.progress,
  })
  return 0
}

export async function runRemove({ operands, say, signal }: Call): Promise<number> {
  for (const path of operands) await remove(path, { signal, onProgress: say.progress })
  return 0
}

export async function runMakeDirectory({ operands, given, signal }: Call): Promise<number> {
  for (const dir of operands) await mkdirp(dir, { signal, mode: given.mode() })
  return 0
}

export async function runLink({ operands, given, say, signal }: Call): Promise<number> {
  const [existing = '', path = ''] = operands
  const options = { signal, replace: given.flag('force'), parents: given.flag('parents') }
  if (given.flag('symbolic')) await symlink(existing, path, options)
  else
    await link(existing, path, { ...options, fallback: given.flag('copy') ? 'copy' : 'none', onProgress: say.progress })
  return 0
}

export async function runEmpty({ operands, say, signal }: Call): Promise<number> {
  for (const dir of operands) await emptyDir(dir, { signal, onProgress: say.progress })
  return 0
}
