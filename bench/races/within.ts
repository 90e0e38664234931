// A directory that no path leads out of: two processes write and read a file in it while a third replaces that
// atomically, or make a deep directory while a third removes what is empty in it.

import { mkdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { within } from 'holdfast'
import { rootOfFsSafe } from '../run/fs-safe.js'
import { contest } from './contest.js'
import { away, levels, longestPause } from './mkdirp.js'
import { ownerOf, payload, somePayload } from './payload.js'
import type { Turn } from './turn.js'

interface Bound {
  write(file: string, data: Buffer): Promise<unknown>
  read(file: string): Promise<Buffer>
  mkdir(dir: string): Promise<unknown>
}

const openRoot = rootOfFsSafe

const packages: Readonly<Record<string, (dir: string) => Promise<Bound>>> = {
  async holdfast(dir) {
    const bound = await within(dir)
    return {
      write: (file, data) => bound.writeFile(file, data, { durability: 'none' }),
      read: file => bound.readFile(file),
      mkdir: path => bound.mkdirp(path),
    }
  },
  // "every method resolves relative paths against it and refuses to escape"
  ...(openRoot && {
    async 'fs-safe'(dir: string) {
      const bound = await openRoot(dir)
      return {
        write: (file: string, data: Buffer) => bound.write(file, data),
        read: (file: string) => bound.readBytes(file),
        mkdir: (path: string) => bound.mkdir(path),
      }
    },
  }),
  /** Resolves, compares, and then uses the path. */
  async 'by hand'(dir) {
    const top = realpathSync(dir)
    async function checked(path: string): Promise<string> {
      const at = join(top, path)
      const real = await realpath(dirname(at))
      if (real !== top && !real.startsWith(top + sep)) throw new Error(`It leads out: ${path}`)
      return at
    }
    return {
      async write(file, data) {
        const at = await checked(file)
        await writeFile(`${at}.${process.pid}`, data)
        await rename(`${at}.${process.pid}`, at)
      },
      read: async file => readFile(await checked(file)),
      async mkdir(path) {
        await mkdir(join(top, dirname(path)), { recursive: true })
        await mkdir(await checked(path), { recursive: true })
      },
    }
  },
}

const callers = 2
const file = 'sub/file'
const deepest = levels.at(-1) as string

interface Beside {
  call(bound: Bound, turn: Turn, at: number): Promise<void>
  disturb(turn: Turn): Promise<void>
}

const besides: Readonly<Record<string, Beside>> = {
  'an atomic writer': {
    call: async (bound, { score, number, chance }, at) =>
      void (await score.call(async () => {
        if (at % 2) await bound.write(file, somePayload(number, chance, 1024, 64 * 1024))
        else if (ownerOf(await bound.read(file)) === undefined) throw new Error('What was read is torn')
      })),
    async disturb(turn) {
      for await (const _ of turn.until('caller-over', callers)) {
        writeFileSync(turn.path('sub/new'), somePayload(9, turn.chance, 1024, 64 * 1024))
        renameSync(turn.path('sub/new'), turn.path(file))
      }
    },
  },
  'a remover': {
    call: async (bound, { score }) => void (await score.call(() => bound.mkdir(deepest))),
    async disturb(turn) {
      for await (const _ of turn.until('caller-over', callers)) {
        for (const level of levels.toReversed()) away(turn.path(level))
        await wait(turn.chance() * longestPause)
      }
    },
  },
}

interface Way extends Beside {
  readonly title: { readonly contest: string; readonly package: string }
  readonly bind: (dir: string) => Promise<Bound>
}

const ways: Record<string, Way> = Object.fromEntries(
  Object.entries(besides).flatMap(([name, beside]) =>
    Object.entries(packages).map(([by, bind]) => {
      const title = { contest: `within, beside ${name}`, package: by }
      return [`${title.contest}, ${by}`, { title, bind, ...beside }]
    }),
  ),
)

export const withinARoot = contest<Way, void>({
  name: 'within',
  file: import.meta.url,
  ways,
  titleOf: row => (ways[row] as Way).title,
  verdicts: { rejected: { of: 'calls' } },
  cast: { caller: callers, disturber: 1 },
  rounds: 12,
  plays: {
    caller: async ({ bind, call }, turn) => {
      const bound = await bind(turn.path('.'))
      for (const at of turn.times(60)) await call(bound, turn, at)
    },
    disturber: ({ disturb }, turn) => disturb(turn),
  },
  lay(dir) {
    mkdirSync(join(dir, 'sub'))
    writeFileSync(join(dir, file), payload(9, 1024))
  },
})
