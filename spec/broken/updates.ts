// What people usually write where `updateFile` takes several files, in the same notation.

import { lock, type Patience, writeFile } from 'holdfast'
import { dual, fs, type Hold, release, type Steps } from 'holdfast/steps'

type Change = (olds: readonly string[]) => readonly string[]

/** Takes the locks in the order in which the caller names the files. */
export const lockAsGiven = dual(function* steps(
  files: readonly string[],
  change: Change,
  _options: Patience = {},
): Steps<readonly string[]> {
  const holds: Hold[] = []
  for (const file of files) holds.push(yield* lock.steps(file))
  const olds: string[] = []
  for (const file of files) olds.push((yield* fs.readFile(file)).toString())
  const news = change(olds)
  for (const [at, file] of files.entries()) yield* writeFile.steps(file, news[at] as string, { durability: 'none' })
  for (const hold of holds) yield* release(hold)
  return news
})
