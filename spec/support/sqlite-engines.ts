// The two packages that open SQLite, for specs of stores.

import { createRequire } from 'node:module'
import type { SqliteLike } from 'holdfast/sqlite'
import { engine, whyNoEngine } from './engines.js'

export interface Connection extends SqliteLike {
  close(): void
}

export interface Sqlite {
  readonly name: 'node:sqlite' | 'better-sqlite3'
  /** Why it cannot be used here; undefined: it can. */
  readonly why: string | undefined
  open(path: string, options?: object): Connection
}

const require = createRequire(import.meta.url)

function nodeSqlite(): { DatabaseSync: new (path: string, options?: object) => Connection } | undefined {
  // Node warns of what may change yet.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return require('node:sqlite')
  } catch {
    return undefined
  } finally {
    process.emitWarning = emitWarning
  }
}

const node = nodeSqlite()

const opened: Connection[] = []

/** Windows removes no file that is open, so what a spec has left open is closed before its directories are removed. */
process.prependListener('exit', () => {
  for (const db of opened)
    try {
      db.close()
    } catch {} // It is closed.
})

function kept(db: Connection): Connection {
  opened.push(db)
  return db
}

const openBetter = (path: string, options?: object): Connection => kept(new (engine('better-sqlite3'))(path, options))

/** The addon is loaded when the first database is opened. */
function whyNoBetter(): string | undefined {
  const why = whyNoEngine('better-sqlite3')
  if (why) return why
  try {
    openBetter(':memory:').close()
    return undefined
  } catch (error) {
    return `better-sqlite3 is built for another Node: ${(error as Error).message.split('\n', 1)[0]}`
  }
}

export const sqlites: readonly Sqlite[] = [
  {
    name: 'node:sqlite',
    why: node ? undefined : `Node ${process.versions.node} has no node:sqlite`,
    open: (path, options = {}) => kept(new (node as NonNullable<typeof node>).DatabaseSync(path, options)),
  },
  {
    name: 'better-sqlite3',
    why: whyNoBetter(),
    open: openBetter,
  },
]

export const sqlite = (name: string): Sqlite => sqlites.find(one => one.name === name) as Sqlite

/**
 * Opens it for a race, whose processes are killed, and not the machine. node:sqlite waits for no lock unless it is asked to,
 * and while another process makes the database, there is one.
 */
export function openForRace({ open }: Sqlite, path: string): Connection {
  const db = open(path)
  db.exec('PRAGMA busy_timeout = 60000')
  db.exec('PRAGMA synchronous = OFF')
  return db
}
