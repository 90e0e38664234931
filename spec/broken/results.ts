// What people usually write instead of `getOrCreate`, in the same notation: with an age, with the content, from a response.

import { stat, writeFile as write } from 'node:fs/promises'
import { getOrCreate, lock, writeFile } from 'holdfast'
import { dual, fs, orNothing, release, type Steps } from 'holdfast/steps'

interface Had {
  readonly path: string
  readonly made: boolean
  readonly content: string
}

/** Compares the time of the file with the clock of the reader. */
export const freshByWallClock = dual(function* steps(path: string, content: string, maxAge: number): Steps<Had> {
  const isFresh = function* (): Steps<boolean> {
    const there = yield* fs.stat(path, orNothing)
    return there !== undefined && Date.now() - Number(there.mtimeMs) <= maxAge
  }
  const had = function* (made: boolean): Steps<Had> {
    return { path, made, content: (yield* fs.readFile(path)).toString() }
  }
  if (yield* isFresh()) return yield* had(false)
  const hold = yield* lock.steps(path)
  const made = !(yield* isFresh())
  if (made) yield* writeFile.steps(path, content, { durability: 'none' })
  yield* release(hold)
  return yield* had(made)
})

type Validate = (path: string) => boolean

/** Has the file checked, and reads it then by its path. */
export const validThenRead = dual(function* steps(path: string, content: string, validate: Validate): Steps<Had> {
  const { made } = yield* getOrCreate.steps(path, () => content, { validate, durability: 'none' })
  return { path, made, content: (yield* fs.readFile(path)).toString() }
})

/** Stores what the server says, whatever that is. */
export async function storeResponse(path: string, response: Response): Promise<void> {
  if (await stat(path).catch(() => undefined)) return
  await write(path, Buffer.from(await response.arrayBuffer()))
}
