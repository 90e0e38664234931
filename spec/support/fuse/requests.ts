// What the kernel asks of a FUSE server, as far as stores and locks need it, and how replies are spelled. The numbers are
// those of version 7.31 of the protocol, in include/uapi/linux/fuse.h.

import type { BigIntStats } from 'node:fs'

export const names: Readonly<Record<number, string>> = {
  1: 'lookup',
  2: 'forget',
  3: 'getattr',
  4: 'setattr',
  9: 'mkdir',
  10: 'unlink',
  11: 'rmdir',
  12: 'rename',
  13: 'link',
  14: 'open',
  15: 'read',
  16: 'write',
  17: 'statfs',
  18: 'release',
  20: 'fsync',
  25: 'flush',
  26: 'init',
  27: 'opendir',
  28: 'readdir',
  29: 'releasedir',
  30: 'fsyncdir',
  35: 'create',
  36: 'interrupt',
  42: 'batch_forget',
  45: 'rename2',
}

/** Of these nobody reads a reply. */
export const silent: ReadonlySet<string> = new Set(['forget', 'batch_forget', 'interrupt'])

export interface Request {
  readonly name: string
  readonly unique: bigint
  readonly node: bigint
  readonly body: Buffer
}

export const requestOf = (bytes: Buffer): Request => ({
  name: names[bytes.readUInt32LE(4)] ?? 'unknown',
  unique: bytes.readBigUInt64LE(8),
  node: bytes.readBigUInt64LE(16),
  body: bytes.subarray(40),
})

/** The text that begins there, up to its zero. */
export const textAt = (body: Buffer, at = 0): string => body.toString('utf8', at, body.indexOf(0, at))

export function replyOf(unique: bigint, errno: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(16 + body.length, 0)
  head.writeInt32LE(-errno, 4)
  head.writeBigUInt64LE(unique, 8)
  return Buffer.concat([head, body])
}

const bigWrites = 1 << 5
const truncatesAtOpen = 1 << 3

export function initReply(body: Buffer): Buffer {
  const reply = Buffer.alloc(64)
  for (const [at, value] of [7, 31, body.readUInt32LE(8), bigWrites | truncatesAtOpen].entries())
    reply.writeUInt32LE(value, 4 * at)
  // At most so many requests in the background, so many bytes at once; times in nanoseconds.
  reply.writeUInt16LE(12, 16)
  reply.writeUInt16LE(9, 18)
  reply.writeUInt32LE(2 ** 16, 20)
  reply.writeUInt32LE(1, 24)
  return reply
}

function attributes(stats: BigIntStats): Buffer {
  const bytes = Buffer.alloc(88)
  for (const [at, value] of [stats.ino, stats.size, stats.blocks].entries()) bytes.writeBigUInt64LE(value, 8 * at)
  for (const [at, ns] of [stats.atimeNs, stats.mtimeNs, stats.ctimeNs].entries()) {
    bytes.writeBigUInt64LE(ns / 1_000_000_000n, 24 + 8 * at)
    bytes.writeUInt32LE(Number(ns % 1_000_000_000n), 48 + 4 * at)
  }
  for (const [at, value] of [stats.mode, stats.nlink, stats.uid, stats.gid, 0n, 4096n].entries())
    bytes.writeUInt32LE(Number(value), 60 + 4 * at)
  return bytes
}

/** The kernel may keep nothing in mind: the other mount may change it at any moment. */
export const attrReply = (stats: BigIntStats): Buffer => Buffer.concat([Buffer.alloc(16), attributes(stats)])

export function entryReply(node: bigint, stats: BigIntStats): Buffer {
  const head = Buffer.alloc(40)
  head.writeBigUInt64LE(node, 0)
  return Buffer.concat([head, attributes(stats)])
}

/** Reads and writes go to the server, not to pages that the kernel keeps. */
const directly = 1

export function openReply(handle: bigint): Buffer {
  const reply = Buffer.alloc(16)
  reply.writeBigUInt64LE(handle, 0)
  reply.writeUInt32LE(directly, 8)
  return reply
}

export function writtenReply(bytes: number): Buffer {
  const reply = Buffer.alloc(8)
  reply.writeUInt32LE(bytes, 0)
  return reply
}

export function statfsReply(stats: { blocks: number; bfree: number; bavail: number; files: number; ffree: number }) {
  const reply = Buffer.alloc(80)
  for (const [at, value] of [stats.blocks, stats.bfree, stats.bavail, stats.files, stats.ffree].entries())
    reply.writeBigUInt64LE(BigInt(value), 8 * at)
  for (const [at, value] of [4096, 255, 4096].entries()) reply.writeUInt32LE(value, 40 + 4 * at)
  return reply
}

/** The names from there on, as many as go into so many bytes. */
export function listingReply(all: readonly string[], from: number, most: number): Buffer {
  const parts: Buffer[] = []
  let length = 0
  for (let at = from; at < all.length; at++) {
    const name = Buffer.from(all[at] as string)
    const entry = Buffer.alloc((24 + name.length + 7) & ~7)
    length += entry.length
    if (length > most) break
    entry.writeBigUInt64LE(BigInt(at + 1), 0)
    entry.writeBigUInt64LE(BigInt(at + 1), 8)
    entry.writeUInt32LE(name.length, 16)
    name.copy(entry, 24)
    parts.push(entry)
  }
  return Buffer.concat(parts)
}
