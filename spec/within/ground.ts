// A root, and what is outside of it.

import { lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch } from '../support/kit.js'

export interface Ground {
  readonly dir: string
  readonly root: string
  readonly outside: string
  /** All that is outside, in text: it must stay as it is. */
  readonly told: () => string
}

/** In the root: files, and links that stay inside. Outside: what nothing may reach. */
export function layOut(on?: string): Ground {
  const { dir, root } = layRoot(on)
  const outside = join(dir, 'outside')
  layFiles(outside, 'secret')
  return { dir, root, outside, told: () => toldOf(outside) }
}

function layFiles(top: string, content: string): void {
  mkdirSync(join(top, 'a/b'), { recursive: true })
  for (const file of ['f', 'a/f', 'a/b/f']) writeFileSync(join(top, file), content)
}

export function layRoot(on?: string): Pick<Ground, 'dir' | 'root'> {
  const dir = realpathSync(scratch(on))
  const root = join(dir, 'root')
  layFiles(root, 'inside')
  symlinkSync('a/b', join(root, 'to-b'))
  symlinkSync('../f', join(root, 'a/to-f'))
  symlinkSync('to-b/../../a/./to-f', join(root, 'far'))
  symlinkSync(join(root, 'a'), join(root, 'absolute'))
  return { dir, root }
}

function toldOf(dir: string): string {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()
  const lines = names.map(name => {
    const { mode, uid, gid, mtimeMs, nlink } = lstatSync(join(dir, name))
    const content = lstatSync(join(dir, name)).isFile() ? readFileSync(join(dir, name), 'utf8') : ''
    return [name, mode, uid, gid, mtimeMs, nlink, content].join(' ')
  })
  return lines.join('\n')
}
