// Works on bytes by their digest; here without contention. Nothing waits for the disk. Both sides do the same work: they are
// given the bytes, compute one and the same kind of digest, and publish; what is got is checked; a file is checked out in the
// way that the package has.

import fs from 'node:fs'
import { join } from 'node:path'
import cacache from 'cacache'
import { type ContentStore, contentStore } from 'holdfast/content'
import { inRoom, leave } from './stores/rooms.js'
import type { Act, Family, Sides, Work } from './work.js'

const calls = 60
const blobs = 60
const sizes = { '1 KiB': 1024, '100 KiB': 100 * 1024 } as const

let fresh = 0
/** Bytes that are nowhere yet. */
const unseen = (bytes: number): Buffer => Buffer.alloc(bytes, `${process.pid} ${fresh++} `)

/** A store in this room, and what is in it. */
interface Laid<T> {
  readonly digests: readonly string[]
  readonly store: T
}

/** That of holdfast; what cacache takes by itself takes nearly three times as long for many bytes. */
const byDigest = { algorithms: ['sha256'] satisfies [string] }

const cacheIn = (room: string): string => join(room, 'cacache')

const opened = (bytes: number) =>
  inRoom(
    async (room): Promise<Laid<ContentStore>> => {
      const store = contentStore(join(room, 'store'), { durability: 'none' })
      const digests: string[] = []
      for (let nth = 0; nth < blobs; nth++) {
        const { digest, lease } = await store.put(unseen(bytes))
        await lease.release()
        digests.push(digest)
      }
      return { digests, store }
    },
    async laid => (await laid).store.close(),
  )

const cached = (bytes: number) =>
  inRoom(async (room): Promise<Laid<string>> => {
    const digests: string[] = []
    const cache = cacheIn(room)
    for (let nth = 0; nth < blobs; nth++)
      digests.push(String(await cacache.put(cache, `${nth}`, unseen(bytes), byDigest)))
    return { digests, store: cache }
  })

let turn = 0
const next = ({ digests }: Laid<unknown>): string => digests[turn++ % digests.length] as string

function sides(
  bytes: number,
  ours: (laid: Laid<ContentStore>, path: string) => unknown,
  theirs: (laid: Laid<string>, path: string) => unknown,
): Sides {
  const [mine, other] = [opened(bytes), cached(bytes)]
  return {
    holdfast: async (path, room) => ours(await mine(room), path),
    cacache: async (path, room) => theirs(await other(room), path),
  }
}

async function putAndRelease({ store }: Laid<ContentStore>, bytes: number): Promise<void> {
  const { lease } = await store.put(unseen(bytes))
  await lease.release()
}

const putting = (name: keyof typeof sizes): Work => ({
  name: `content, put ${name}`,
  ...{ calls, leave },
  async: sides(
    sizes[name],
    laid => putAndRelease(laid, sizes[name]),
    ({ store }) => cacache.put(store, `${fresh}`, unseen(sizes[name]), byDigest),
  ),
  sync: {},
  asked: { async: { cacache: { memory: 0.25, disk: 0.55 } } },
})

const getting = (name: keyof typeof sizes): Work => ({
  name: `content, get ${name}`,
  ...{ calls, leave },
  async: sides(
    sizes[name],
    laid => laid.store.read(next(laid)),
    laid => cacache.get.byDigest(laid.store, next(laid)),
  ),
  sync: {},
  asked: { async: { cacache: { memory: 0.2, disk: 0.4 } } },
})

/** What a link by hand needs: a file that is there. */
const linking: Act = (path, room) => fs.promises.link(join(room, 'file'), path)

const checkingOut: Work = {
  name: 'content, checkout 1 KiB',
  ...{ calls, leave },
  furnish: room => fs.writeFileSync(join(room, 'file'), 'x'),
  async: {
    ...sides(
      1024,
      (laid, path) => laid.store.checkout(next(laid), path),
      (laid, path) => cacache.get.copy.byDigest(laid.store, next(laid), path),
    ),
    'fs.promises.link': linking,
  },
  sync: {},
  weaker: ['fs.promises.link'],
  asked: { async: { cacache: { memory: 0.2, disk: 0.3 }, 'fs.promises.link': 1.3 } },
}

const files = 500
let trees = 0

/** The same width as that of checkoutMany. */
async function linkMany(path: string, room: string): Promise<void> {
  await fs.promises.mkdir(path)
  let at = 0
  const worker = async () => {
    while (at < files) await fs.promises.link(join(room, 'file'), join(path, `${at++}`))
  }
  await Promise.all(Array.from({ length: 64 }, worker))
}

const many = opened(1024)
const checkingOutMany: Work = {
  name: `content, checkoutMany ${files} files`,
  ...{ calls: 3, leave },
  furnish: room => fs.writeFileSync(join(room, 'file'), 'x'),
  async: {
    holdfast: async (path, room) => {
      const laid = await many(room)
      await fs.promises.mkdir(path)
      await laid.store.checkoutMany(
        Array.from({ length: files }, (_, at) => [next(laid), join(path, `${trees}-${at}`)]),
      )
      trees++
    },
    'fs.promises.link, 64 at a time': linkMany,
  },
  sync: {},
  weaker: ['fs.promises.link, 64 at a time'],
  asked: { async: { 'fs.promises.link, 64 at a time': 1.2 } },
}

export const contents: Family = {
  name: 'content',
  works: [putting('1 KiB'), putting('100 KiB'), getting('1 KiB'), getting('100 KiB'), checkingOut, checkingOutMany],
}
