// The floor of a store in files: the same calls, parsing and sums as ours, in the same format, and nothing around them:
// no second process, no failure, no expiry. See lib/store/files/ and lib/cell/ for the format.

import { createHash, hash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { kilobyte } from '../data.js'
import {
  type Call,
  close,
  computed,
  later,
  lstat,
  mkdir,
  open,
  read,
  readdir,
  rename,
  unlink,
  write,
} from '../floors.js'
import { body, inRoom, inTurn, keyOf, keys } from './rooms.js'

const owner = '1gk2m5r8x0-2v4-9q1c7tz0'
const headBytes = 16
const sum = (bytes: Uint8Array): Buffer =>
  (typeof hash === 'function' ? hash('sha256', bytes, 'buffer') : createHash('sha256').update(bytes).digest()).subarray(
    0,
    8,
  )

let pool = Buffer.alloc(0)
/** 16 digits that are never used twice. */
function nonce(): string {
  if (pool.length < 8) pool = randomBytes(4096)
  const drawn = pool.toString('hex', 0, 8)
  pool = pool.subarray(8)
  return drawn
}

interface State {
  readonly version: number
  readonly nonce: string
  readonly lineage: readonly string[]
  readonly size: number | undefined
  readonly fields: readonly string[]
}

const pattern =
  /^t\.([1-9a-z][0-9a-z]*)\.([0-9a-f]{16})\.([0-9a-f]{16}(?:-[0-9a-f]{16})*|)\.(?:([0-9a-z]+-[0-9a-z]+-[0-9a-z]+)(?:-([0-9a-z]{1,8}))?)?((?:\.[0-9a-z-]+)*)$/

function parsed(name: string): State {
  const [, version = '', nonce = '', lineage, , size, fields = ''] = pattern.exec(name) ?? []
  return {
    version: Number.parseInt(version, 36),
    nonce,
    lineage: lineage ? lineage.split('-') : [],
    size: size ? Number.parseInt(size, 36) : undefined,
    fields: fields.split('.').slice(1),
  }
}

function spelled({ version, nonce, lineage, size, fields }: State): string {
  const payload = size === undefined ? '' : `${owner}-${size.toString(36)}`
  return `t.${version.toString(36)}.${nonce}.${lineage.join('-')}.${payload}.${fields.join('.')}`
}

function filed(value: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(value))
  const file = Buffer.allocUnsafe(headBytes + bytes.length)
  file.writeUInt32BE(0x68010000, 8)
  file.writeUInt32BE(bytes.length, 12)
  file.set(bytes, headBytes)
  file.set(sum(file.subarray(8)), 0)
  return file
}

function valueIn(file: Buffer): unknown {
  if (file.readUInt32BE(8) !== 0x68010000 || file.readUInt32BE(12) !== file.length - headBytes) throw new Error('head')
  if (file.compare(sum(file.subarray(8)), 0, 8, 0, 8) !== 0) throw new Error('sum')
  return JSON.parse(file.toString('utf8', headBytes))
}

const shardOf = (nth: number): string => (nth % 256).toString(16).padStart(2, '0')
const payloadOf = (cell: string, { nonce }: State): string =>
  cell.replace(/([^/]*)$/, `.$1.${owner}.${nonce}.payload.holdfast`)

const next = (before: State | undefined, more: Pick<State, 'size' | 'fields'>): State => ({
  version: (before?.version ?? 0) + 1,
  nonce: nonce(),
  lineage: before ? [before.nonce, ...before.lineage].slice(0, 3) : [],
  ...more,
})

/** The cells of a room, by key, with the state that this process knows. */
type Cells = Map<string, { readonly path: string; state: State }>

function layCell(path: string, file: Buffer | undefined, fields: readonly string[]): State {
  const state = next(undefined, { size: file?.length, fields })
  fs.mkdirSync(path, { recursive: true })
  fs.writeFileSync(`${path}/${spelled(state)}`, '')
  if (file) fs.writeFileSync(payloadOf(path, state), file)
  return state
}

function laid(room: string): Cells {
  const all = Array.from({ length: keys }, (_, nth) => {
    const path = `${room}/${shardOf(nth)}/${keyOf(nth)}`
    return [keyOf(nth), { path, state: layCell(path, filed(body(nth)), ['l']) }] as const
  })
  return new Map(all)
}

export type Floor = (path: string, room: string) => readonly Call[]

/** The cell whose turn it is. */
function cellsInTurn() {
  const cells = inRoom(laid)
  const key = inTurn()
  return (room: string) => cells(room).get(key()) as { readonly path: string; state: State }
}

export function hitFloor(): Floor {
  const cellIn = cellsInTurn()
  return (_, room) => {
    const { path } = cellIn(room)
    let state: State | undefined
    let into = Buffer.alloc(0)
    return [
      readdir(path, ([name = '']) => {
        state = parsed(name)
      }),
      later(() => open(payloadOf(path, state as State), 'r')),
      later(() => {
        into = Buffer.allocUnsafe((state?.size ?? 0) + 1)
        return read(into)
      }),
      close,
      computed(() => valueIn(into.subarray(0, -1))),
    ]
  }
}

/** Bytes in memory are proven by a look at one name, and copied. */
export function memoFloor(): Floor {
  const cellIn = cellsInTurn()
  return (_, room) => {
    const { path, state } = cellIn(room)
    return [lstat(`${path}/${spelled(state)}`), computed(() => Buffer.from(kilobyte))]
  }
}

export function setFloor(): Floor {
  const cellIn = cellsInTurn()
  return (_, room) => {
    const cell = cellIn(room)
    const file = filed(body(1))
    const before = cell.state
    cell.state = next(before, { size: file.length, fields: ['l'] })
    const token = (state: State) => `${cell.path}/${spelled(state)}`
    const written = [open(payloadOf(cell.path, cell.state), 'wx'), write(file), close]
    return [...written, rename(token(before), token(cell.state)), unlink(payloadOf(cell.path, before))]
  }
}

/** The number is in the name. */
export function incrementFloor(): Floor {
  const counter = inRoom(room => {
    const path = `${room}/00/count`
    return { path, count: 0, state: layCell(path, undefined, ['l', 'd0']) }
  })
  return (_, room) => {
    const cell = counter(room)
    const before = cell.state
    cell.state = next(before, { size: undefined, fields: ['l', `d${++cell.count}`] })
    return [rename(`${cell.path}/${spelled(before)}`, `${cell.path}/${spelled(cell.state)}`)]
  }
}

export function createFloor(): Floor {
  const shard = inRoom(room => {
    fs.mkdirSync(`${room}/00`)
    return `${room}/00`
  })
  let made = 0
  return (_, room) => {
    const path = `${shard(room)}/new${made++}`
    const file = filed(body(1))
    const state = next(undefined, { size: file.length, fields: ['l'] })
    const stage = `${shard(room)}/.new${made}.${owner}.${state.nonce}.holdfast`
    const written = [open(payloadOf(path, state), 'wx'), write(file), close]
    return [...written, mkdir(stage), open(`${stage}/${spelled(state)}`, 'wx'), close, rename(stage, path)]
  }
}
