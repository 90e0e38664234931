// SQLite, as it can be opened here: better-sqlite3 is built for each machine, and node:sqlite comes with Node 22.

import type { DatabaseSync } from 'node:sqlite'
import type BetterSqlite from 'better-sqlite3'
import { optional, optionalPackage } from './optional.js'

export type Database = BetterSqlite.Database | DatabaseSync

const betterSqlite = await optional(async () => {
  const loaded = await optionalPackage<{ default: typeof BetterSqlite }>('better-sqlite3')
  // Only now the part that is built for the machine is loaded.
  loaded?.default(':memory:').close()
  return loaded?.default
})
const nodeSqlite = await optional(() => import('node:sqlite'))

/** By the name of the package. */
export const databases: Readonly<Record<string, (file: string) => Database>> = {
  ...(betterSqlite && { 'better-sqlite3': (file: string) => new betterSqlite(file) }),
  ...(nodeSqlite && { 'node:sqlite': (file: string) => new nodeSqlite.DatabaseSync(file) }),
}

/** The first of them. */
export const openDatabase = Object.values(databases)[0]
