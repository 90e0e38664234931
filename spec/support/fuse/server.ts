// A filesystem in a process of its own, which shows a directory as a network filesystem does, and loses replies: what was
// asked for is done, and an error is reported. `node server.js DIRECTORY MOUNTPOINT`; each N-th change loses its reply
// as soon as the parent has said so.

import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { constants } from 'node:os'
import {
  attrReply,
  entryReply,
  initReply,
  listingReply,
  openReply,
  type Request,
  replyOf,
  requestOf,
  silent,
  statfsReply,
  textAt,
  writtenReply,
} from './requests.js'

const [, , behind = '', point = ''] = process.argv
const device = fs.openSync('/dev/fuse', 'r+')
process.umask(0)

/** The parent's wish, and what has become of it. */
const losses = { every: 0, changes: 0, lost: 0 }
const changes: ReadonlySet<string> = new Set(['mkdir', 'unlink', 'rmdir', 'rename', 'rename2', 'link', 'create'])

// ---- Nodes and handles ----

/** A descriptor that leads to an inode, whatever its name is meanwhile: the other mount renames it, too. */
interface Node {
  readonly fd: number
  readonly ino: bigint
  /** Where it was found last. */
  path: string
  lookups: bigint
}

// Neither to read nor to write.
const pathOnly = 0o10000000
const held = (path: string): number => fs.openSync(path, pathOnly | fs.constants.O_NOFOLLOW)

const root: Node = { fd: held(behind), ino: 0n, path: behind, lookups: 1n }
const nodes = new Map([[1n, root]])
const ids = new Map<bigint, bigint>()
let nextId = 2n

const nodeOf = (id: bigint): Node => nodes.get(id) ?? fail('ESTALE')
const pathOf = (id: bigint): string => `/proc/self/fd/${nodeOf(id).fd}`
const inside = (id: bigint, name: string): string => `${pathOf(id)}/${name}`
const statOf = (fd: number) => fs.fstatSync(fd, { bigint: true })

function fail(code: keyof typeof constants.errno): never {
  throw Object.assign(new Error(code), { code })
}

/** The reply to what finds or makes a name. */
function entry(path: string): Buffer {
  const fd = held(path)
  const stats = statOf(fd)
  const id = ids.get(stats.ino) ?? nextId++
  const known = nodes.get(id)
  if (known) fs.closeSync(fd)
  else {
    nodes.set(id, { fd, ino: stats.ino, path, lookups: 0n })
    ids.set(stats.ino, id)
  }
  const node = nodeOf(id)
  node.path = path
  node.lookups++
  return entryReply(id, stats)
}

function forget(id: bigint, times: bigint): void {
  const node = nodes.get(id)
  if (!node || node === root) return
  node.lookups -= times
  if (node.lookups > 0n) return
  fs.closeSync(node.fd)
  nodes.delete(id)
  ids.delete(node.ino)
}

const files = new Map<bigint, number>()
const listings = new Map<bigint, readonly string[]>()
let nextHandle = 1n

function opened(fd: number): Buffer {
  files.set(nextHandle, fd)
  return openReply(nextHandle++)
}

const fileOf = (body: Buffer): number => files.get(body.readBigUInt64LE(0)) ?? fail('EBADF')

// ---- What is asked for ----

type Answer = (request: Request) => Buffer | undefined

function rename({ node, body }: Request, at: number): undefined {
  const from = textAt(body, at)
  const to = textAt(body, at + Buffer.byteLength(from) + 1)
  fs.renameSync(inside(node, from), inside(body.readBigUInt64LE(0), to))
}

const setsMode = 1
const setsSize = 8
const setsTimes = 16 | 32

function setAttributes({ node, body }: Request): Buffer {
  const path = pathOf(node)
  const wanted = body.readUInt32LE(0)
  if (wanted & setsSize) fs.truncateSync(path, Number(body.readBigUInt64LE(16)))
  if (wanted & setsMode) fs.chmodSync(path, body.readUInt32LE(68) & 0o7777)
  if (wanted & setsTimes) {
    const secondsAt = (at: number, ns: number) => Number(body.readBigUInt64LE(at)) + body.readUInt32LE(ns) / 1e9
    fs.utimesSync(path, secondsAt(32, 56), secondsAt(40, 60))
  }
  return attrReply(statOf(nodeOf(node).fd))
}

const answers: Readonly<Record<string, Answer>> = {
  init: ({ body }) => initReply(body),
  lookup: ({ node, body }) => entry(inside(node, textAt(body))),
  getattr: ({ node }) => attrReply(statOf(nodeOf(node).fd)),
  setattr: setAttributes,
  mkdir({ node, body }) {
    const path = inside(node, textAt(body, 8))
    fs.mkdirSync(path, body.readUInt32LE(0) & 0o7777)
    return entry(path)
  },
  unlink: ({ node, body }) => void fs.unlinkSync(inside(node, textAt(body))),
  rmdir: ({ node, body }) => void fs.rmdirSync(inside(node, textAt(body))),
  rename: request => rename(request, 8),
  rename2: request => (request.body.readUInt32LE(8) === 0 ? rename(request, 16) : fail('EINVAL')),
  link({ node, body }) {
    const path = inside(node, textAt(body, 8))
    // Not by its descriptor, which is a symbolic link to what it leads to.
    fs.linkSync(nodeOf(body.readBigUInt64LE(0)).path, path)
    return entry(path)
  },
  open: ({ node, body }) => opened(fs.openSync(pathOf(node), body.readUInt32LE(0) & ~fs.constants.O_NOFOLLOW)),
  create({ node, body }) {
    const path = inside(node, textAt(body, 16))
    const fd = fs.openSync(path, body.readUInt32LE(0), body.readUInt32LE(4) & 0o7777)
    return Buffer.concat([entry(path), opened(fd)])
  },
  read({ body }) {
    const bytes = Buffer.alloc(body.readUInt32LE(16))
    return bytes.subarray(0, fs.readSync(fileOf(body), bytes, 0, bytes.length, Number(body.readBigUInt64LE(8))))
  },
  write({ body }) {
    const size = body.readUInt32LE(16)
    return writtenReply(fs.writeSync(fileOf(body), body, 40, size, Number(body.readBigUInt64LE(8))))
  },
  statfs: () => statfsReply(fs.statfsSync(behind)),
  release({ body }) {
    fs.closeSync(fileOf(body))
    files.delete(body.readBigUInt64LE(0))
    return undefined
  },
  fsync: ({ body }) => void fs.fsyncSync(fileOf(body)),
  flush: () => undefined,
  fsyncdir: () => undefined,
  opendir({ node }) {
    listings.set(nextHandle, ['.', '..', ...fs.readdirSync(pathOf(node))])
    return openReply(nextHandle++)
  },
  readdir({ body }) {
    const all = listings.get(body.readBigUInt64LE(0)) ?? fail('EBADF')
    return listingReply(all, Number(body.readBigUInt64LE(8)), body.readUInt32LE(16))
  },
  releasedir: ({ body }) => void listings.delete(body.readBigUInt64LE(0)),
}

/** Does this change lose its reply? */
function isLost(name: string): boolean {
  if (!changes.has(name) || losses.every === 0) return false
  losses.changes++
  if (losses.changes % losses.every !== 0) return false
  losses.lost++
  return true
}

function handle(request: Request): void {
  const { name, unique, node, body } = request
  if (name === 'forget') forget(node, body.readBigUInt64LE(0))
  if (name === 'batch_forget')
    for (let at = 8; at < 8 + 16 * body.readUInt32LE(0); at += 16)
      forget(body.readBigUInt64LE(at), body.readBigUInt64LE(at + 8))
  if (silent.has(name)) return
  try {
    const answer = (answers[name] ?? fail('ENOSYS'))(request)
    reply(isLost(name) ? replyOf(unique, constants.errno.EIO) : replyOf(unique, 0, answer))
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    reply(replyOf(unique, constants.errno[code as 'EIO'] ?? constants.errno.EIO))
  }
}

/** Whoever has asked may have been killed meanwhile. */
function reply(bytes: Buffer): void {
  try {
    fs.writeSync(device, bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function listen(): void {
  const bytes = Buffer.allocUnsafe(2 ** 17)
  fs.read(device, bytes, 0, bytes.length, null, (error, count) => {
    if (error?.code === 'ENODEV') process.exit()
    // Not mounted yet; or interrupted.
    if (error?.code === 'EPERM') return void setTimeout(listen, 1)
    if (!error) handle(requestOf(bytes.subarray(0, count)))
    listen()
  })
}

const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions'
const mounting = spawn('mount', ['-i', '-t', 'fuse', '-o', options, 'holdfast', point], {
  stdio: ['ignore', 'ignore', 'inherit', device],
})
listen()
mounting.once('close', code => process.send?.(code === 0 ? 'mounted' : `mount ended with ${code}`))
process.on('message', ({ every }: { readonly every?: number }) => {
  if (every !== undefined) losses.every = every
  process.send?.(losses.lost)
})
process.on('disconnect', () => process.exit())
