// Two processes make a deep directory, over and over, while a third now and then removes what is empty in it. (One that
// removes in a tight loop can keep every other process from ever making it: that would be no contest.)

import { existsSync, rmdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import fsExtra from 'fs-extra'
import { mkdirp } from 'holdfast'
import { makeDirectory } from 'make-dir'
import { mkdirp as mkdirpOfIsaacs } from 'mkdirp'
import { contest } from './contest.js'

export type Way = (dir: string) => Promise<unknown>

/** Checks which levels are missing, and makes those. */
async function checkThenMkdir(dir: string): Promise<void> {
  if (existsSync(dir)) return
  await checkThenMkdir(dirname(dir))
  await mkdir(dir)
}

export const ways: Record<string, Way> = {
  holdfast: dir => mkdirp(dir),
  'fs.promises': dir => mkdir(dir, { recursive: true }),
  // "Ensures that the directory exists. If the directory structure does not exist, it is created."
  'fs-extra': dir => fsExtra.ensureDir(dir),
  // "Create a new directory and any necessary subdirectories"
  mkdirp: dir => mkdirpOfIsaacs(dir),
  // "Make a directory and its parents if needed"
  'make-dir': dir => makeDirectory(dir),
  'by hand': checkThenMkdir,
}

const makers = 2
/** Milliseconds. */
export const longestPause = 2
export const levels = ['a', 'a/b', 'a/b/c', 'a/b/c/d', 'a/b/c/d/e', 'a/b/c/d/e/f']

export const mkdirpBesideRemovers = contest({
  name: 'mkdirp, beside a remover',
  file: import.meta.url,
  ways,
  verdicts: { rejected: { of: 'calls' } },
  cast: { maker: makers, remover: 1 },
  rounds: 20,
  plays: {
    maker: async (way, turn) => {
      for (const _ of turn.times(40)) await turn.score.call(() => way(turn.path(levels.at(-1) as string)))
    },
    remover: async (_, turn) => {
      for await (const _ of turn.until('maker-over', makers)) {
        for (const level of levels.toReversed()) away(turn.path(level))
        await wait(turn.chance() * longestPause)
      }
    },
  },
})

/** Removes the directory if it exists and is empty. */
export function away(dir: string): void {
  try {
    rmdirSync(dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error
  }
}
