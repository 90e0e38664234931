// Where the results are kept: one file for the races, one for the speed, each with its picture beside it.

import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mkdirp, writeFile } from 'holdfast'
import { drawInto } from '../charts/draw.js'
import type { RaceResults, SpeedResults } from './results.js'

/** The directory of the results of full runs, or the one below it for short and partial runs. */
export function resultsDir(whole: boolean): string {
  return fileURLToPath(new URL(whole ? '../../results/' : '../../results/quick/', import.meta.url))
}

/** Writes the results and their picture, and prints both paths. */
export async function keep(name: string, results: RaceResults | SpeedResults, whole: boolean): Promise<void> {
  const dir = resultsDir(whole)
  const file = join(dir, `${name}.json`)
  await mkdirp(dir)
  await writeFile(file, `${JSON.stringify(results, null, 1)}\n`)
  const picture = await drawInto(dir, results)
  for (const made of [file, picture]) console.log(relative('', made))
}
