// Bytes that show by themselves whether they are whole, and who wrote them.

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

const head = /^(\d{8}) (\d{8})\n/

/** Each line names the writer and the length. */
export function payload(writer: number, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${String(writer).padStart(8, '0')} ${String(bytes).padStart(8, '0')}\n`)
}

/** A payload of `least` to `most` bytes, small ones more often. */
export function somePayload(writer: number, chance: () => number, least: number, most: number): Buffer {
  return payload(writer, Math.floor(least * (most / least) ** chance()))
}

/** Returns the writer; undefined if the data is torn, cut short, or mixed. Every byte is compared. */
export function ownerOf(data: Buffer): number | undefined {
  const [, writer, bytes] = head.exec(data.toString('latin1', 0, 18)) ?? []
  if (Number(bytes) !== data.length || !data.equals(payload(Number(writer), data.length))) return undefined
  return Number(writer)
}

/** The same for the file at a path; undefined also if nothing is there. */
export function ownerAt(path: string): number | undefined {
  return lookSync(path).owner
}

export interface Look {
  readonly seen: 'whole' | 'torn' | 'absent'
  readonly owner?: number | undefined
}

function judge(data: Buffer): Look {
  const owner = ownerOf(data)
  return { seen: owner === undefined ? 'torn' : 'whole', owner }
}

function unlessAbsent(error: unknown): Look {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  return { seen: 'absent' }
}

/** Returns what a reader sees at a path. */
export const look = (path: string): Promise<Look> => readFile(path).then(judge, unlessAbsent)

export function lookSync(path: string): Look {
  try {
    return judge(readFileSync(path))
  } catch (error) {
    return unlessAbsent(error)
  }
}
