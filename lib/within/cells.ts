// Cells below a root.

import { cell } from '../cell.js'
import type { Bound } from './bind.js'

type Given = readonly [dir: unknown, ...rest: unknown[]]
const onCell = (bound: Bound, ...[dir, ...rest]: Given) => [bound.path(dir, 'dir', 'file'), ...rest]

export function cellFunctions(bound: Bound): { readonly cell: typeof cell } {
  const bind = <F>(original: F, name: string, optionsAt: number, publishes = false): F =>
    bound.bind(original as never, { name, optionsAt, arguments: onCell as never, publishes }) as F
  return {
    cell: {
      read: bind(cell.read, 'readCell', 1),
      load: bind(cell.load, 'loadCell', 1),
      create: bind(cell.create, 'createCell', 2, true),
      swap: bind(cell.swap, 'swapCell', 3, true),
      clear: bind(cell.clear, 'clearCell', 2, true),
    },
  }
}
