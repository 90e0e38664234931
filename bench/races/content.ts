// Six processes put bytes, and read them back; one verifies the store meanwhile, and one removes what it finds. What a
// process has just put must be there, and be right.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import cacache from 'cacache'
import { contentStore } from 'holdfast/content'
import { contest } from './contest.js'

interface Content {
  /** Stores bytes, and keeps them until `release` is called, where the package can do that. */
  put(data: Buffer): Promise<{ release(): Promise<void> }>
  read(data: Buffer): Promise<Buffer | undefined>
  verify(): Promise<unknown>
  remove(data: Buffer): Promise<unknown>
}

const hashed = (data: Buffer) => createHash('sha256').update(data)
const integrityOf = (data: Buffer): string => `sha256-${hashed(data).digest('base64')}`

const ways: Readonly<Record<string, (dir: string) => Content>> = {
  holdfast(dir) {
    const store = contentStore(join(dir, 'store'), { durability: 'none' })
    return {
      put: async data => (await store.put(data)).lease,
      read: data => store.read(integrityOf(data)),
      verify: () => store.verify(),
      remove: data => store.remove(integrityOf(data)),
    }
  },
  cacache(dir) {
    const cache = join(dir, 'cache')
    const release = async () => {}
    return {
      put: async data => {
        await cacache.put(cache, integrityOf(data), data, { algorithms: ['sha256'] })
        return { release }
      },
      read: data =>
        cacache.get.byDigest(cache, integrityOf(data)).catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return undefined
          throw error
        }),
      verify: () => cacache.verify(cache),
      remove: data => cacache.rm.content(cache, integrityOf(data)),
    }
  },
}

const keys = Array.from({ length: 20 }, (_, nth) => Buffer.alloc(500 + nth * 200, `content ${nth} `))
const pick = (chance: () => number): Buffer => keys[Math.floor(chance() * keys.length)] as Buffer

export const contentOfSeveral = contest<(dir: string) => Content, void>({
  name: 'content store: put, verify, remove',
  file: import.meta.url,
  ways,
  verdicts: {
    rejected: { of: 'calls' },
    // Without a lease, nothing says that it must be there.
    'torn or absent': { of: 'reads', unpromised: ['cacache'] },
  },
  cast: { putter: 6, verifier: 1, remover: 1 },
  rounds: 8,
  plays: {
    putter: async (open, turn) => {
      const store = open(turn.dir)
      for (const _ of turn.times(200)) {
        const data = pick(turn.chance)
        const put = await turn.score.call(() => store.put(data))
        if (put.status === 'rejected') continue
        const read = await turn.score.call(() => store.read(data))
        if (read.status === 'fulfilled') turn.score.count('torn or absent', !read.value?.equals(data))
        await put.value.release()
      }
      turn.mark(`over-${turn.number}`)
    },
    verifier: async (open, turn) => {
      const store = open(turn.dir)
      for await (const _ of turn.until('over', 6)) await turn.score.call(() => store.verify())
    },
    remover: async (open, turn) => {
      const store = open(turn.dir)
      for await (const _ of turn.until('over', 6)) await turn.score.call(() => store.remove(pick(turn.chance)))
    },
  },
})
