// Draws the picture of results, beside the results.

import { join } from 'node:path'
import { writeFile } from 'holdfast'
import type { RaceResults, SpeedResults } from '../run/results.js'
import { drawRaces } from './races.js'
import { drawSpeed } from './speed.js'

/** Draws into a directory. Returns the path of the picture: races.svg or speed.svg. */
export async function drawInto(dir: string, results: RaceResults | SpeedResults): Promise<string> {
  const [name, svg] = 'targets' in results ? ['speed', await drawSpeed(results)] : ['races', await drawRaces(results)]
  const file = join(dir, `${name}.svg`)
  await writeFile(file, `${svg}\n`)
  return file
}
