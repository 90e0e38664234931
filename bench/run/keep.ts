// Where the results stay: one file for the races, one for the speed, each with its picture beside it.

import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mkdirp, writeFile } from 'holdfast'
import { drawInto } from '../charts/draw.js'
import type { RaceResults, SpeedResults } from './results.js'

/** Where the results are: those of the full form, and beside them those of a short or a partial run. */
export function resultsDir(whole: boolean): string {
  return fileURLToPath(new URL(whole ? '../../results/' : '../../results/quick/', import.meta.url))
}

/** Writes them, and the picture of them, and says where. */
export async function keep(name: string, results: RaceResults | SpeedResults, whole: boolean): Promise<void> {
  const dir = resultsDir(whole)
  const file = join(dir, `${name}.json`)
  await mkdirp(dir)
  await writeFile(file, `${JSON.stringify(results, null, 1)}\n`)
  const picture = await drawInto(dir, results)
  for (const made of [file, picture]) console.log(relative('', made))
}
