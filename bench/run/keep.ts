// Where the results are kept: one file for the races, one for the speed, each with its pictures beside it.

import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mkdirp, writeFile } from 'holdfast'
import { drawInto } from '../charts/draw.js'
import type { RaceResults, SpeedResults } from './results.js'

/** The directory of the results of full runs, or the one below it for short and partial runs. */
export function resultsDir(whole: boolean): string {
  return fileURLToPath(new URL(whole ? '../../results/' : '../../results/quick/', import.meta.url))
}

/** Writes the results and their pictures, and prints the paths. */
export async function keep(name: string, results: RaceResults | SpeedResults, whole: boolean): Promise<void> {
  const dir = resultsDir(whole)
  const file = join(dir, `${name}.json`)
  await mkdirp(dir)
  await writeFile(file, `${JSON.stringify(results, null, 1)}\n`)
  for (const made of [file, ...(await drawInto(dir, results))]) console.log(relative('', made))
}
