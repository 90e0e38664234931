// A contest of several parts: each row is one of them, by one of the packages that can do it.

import type { Title } from './rules.js'

export interface Part {
  readonly title: string
}

/** A part, and whose way of it a row is. */
export type By<P, O> = P & { readonly by: string; readonly open: O }

/** The rows: of each part all packages that `packagesOf` returns for it. */
export function rowsOf<P extends Part, O>(
  parts: readonly P[],
  packagesOf: (part: P) => Readonly<Record<string, O>>,
): { readonly ways: Readonly<Record<string, By<P, O>>>; readonly titleOf: (row: string) => Title } {
  const rows = parts.flatMap(part =>
    Object.entries(packagesOf(part)).map(([by, open]) => [`${part.title}, ${by}`, { ...part, by, open }] as const),
  )
  const ways = Object.fromEntries(rows)
  return {
    ways,
    titleOf: row => {
      const { title, by } = ways[row] as By<P, O>
      return { contest: title, package: by }
    },
  }
}
