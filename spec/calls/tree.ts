// What is in a directory, as judges see it: the public names with what they hold, and the private names apart.

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { cell, type Line, lines, type Reading } from 'holdfast'
import { payloadOf } from '../../lib/cell/payload.js'
import { isStore, seeStore } from './tree-of-stores.js'

/**
 * Each name with what is there: the text of a file, `-> text` of a link, `/` of a directory, fields of a cell, the records of
 * a log.
 */
export type Tree = Readonly<Record<string, string>>

export interface Seen {
  readonly tree: Tree
  /** Paths of private names, which must not outlive the call that made them. */
  readonly privates: readonly string[]
  /** Paths of what was set aside and has a visible name, because no sweeper may delete it. */
  readonly kept: readonly string[]
  /** All directories that are public. */
  readonly dirs: readonly string[]
}

export function see(top: string): Seen {
  const tree: Record<string, string> = {}
  const privates: string[] = []
  const kept: string[] = []
  const dirs = [top]
  const stores: string[] = []
  for (const dir of dirs) {
    const named = new Set<string>()
    for (const name of readdirSync(dir)) {
      const path = join(dir, name)
      const stats = lstatSync(path, { throwIfNoEntry: false })
      const spelled = path.slice(top.length + 1)
      if (!stats) continue
      // Locks stay, and their slots: also the one of a directory, for filesystems without hard links.
      if (/\.lock(\.\d+)?$/.test(name)) {
        const states = readdirSync(path).length
        if (states !== 1) tree[spelled] = `a lock with ${states} states`
      } else if (name.startsWith('.')) privates.push(path)
      else if (/\.set-aside-[0-9a-f]{16}$/.test(name)) kept.push(path)
      else if (name === 'cell') Object.assign(tree, readCell(path, spelled, named))
      else if (stats.isDirectory() && isStore(path)) {
        const store = seeStore(path)
        Object.assign(tree, store.tree)
        privates.push(...store.privates)
        stores.push(...store.dirs)
      } else if (stats.isDirectory()) {
        tree[spelled] = '/'
        dirs.push(path)
      } else if (name.endsWith('.log')) tree[spelled] = logOf([...lines.sync(path)].flatMap(wholeOnly))
      else tree[spelled] = stats.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, 'latin1')
    }
    for (const path of named) if (privates.includes(path)) privates.splice(privates.indexOf(path), 1)
  }
  return { tree, privates, kept, dirs: [...dirs, ...stores] }
}

/** Its records, in any order: one that is there twice, because a reply was lost, counts once. */
export const logOf = (records: readonly string[]): string => [...new Set(records)].sort().join('\n')

const wholeOnly = ({ text, torn }: Line): string[] => (torn ? [] : [text])

/** What is void is nothing. The data of a state has a private name, and is no debris while the state names it. */
function readCell(path: string, spelled: string, named: Set<string>): Tree {
  const now = loadCell(path)
  if (typeof now === 'string') return { [spelled]: now }
  if (!now) return {}
  if (now.state.payload) named.add(join(dirname(path), basename(payloadOf(path, now.state.payload))))
  return { [spelled]: [now.state.gone ? 'gone' : 'live', ...now.state.fields, now.data?.toString() ?? ''].join(' ') }
}

function loadCell(path: string): Reading | string | undefined {
  try {
    return cell.load.sync(path, { retryFor: 100 })
  } catch (error) {
    return `unreadable: ${error}`
  }
}

const names = (...trees: readonly Tree[]): Set<string> => new Set(trees.flatMap(tree => Object.keys(tree)))

export const isSame = (a: Tree, b: Tree): boolean => [...names(a, b)].every(name => a[name] === b[name])

/** Each name, by itself, is as in one of the others. */
export const isMixed = (tree: Tree, others: readonly Tree[]): boolean =>
  [...names(tree, ...others)].every(name => others.some(other => other[name] === tree[name]))

/** In few words. */
export const spellTree = (tree: Tree): string =>
  `{ ${Object.entries(tree)
    .map(([name, text]) => `${name}: ${text.length > 40 ? `${text.slice(0, 20)}... (${text.length})` : text}`)
    .join(', ')} }`
