// Draws the pictures of results, beside the results.

import { join } from 'node:path'
import { writeFile } from 'holdfast'
import type { RaceResults, SpeedResults } from '../run/results.js'
import { drawRaces } from './races.js'
import { drawRacesShort } from './races-short.js'
import { looks } from './sketch.js'
import { drawSpeed } from './speed.js'
import { drawSpeedShort } from './speed-short.js'

/** Draws into a directory. Returns the paths: of all that was measured, and of what a page shows of it. */
export async function drawInto(dir: string, results: RaceResults | SpeedResults): Promise<string[]> {
  const isSpeed = 'targets' in results
  const name = isSpeed ? 'speed' : 'races'
  const pictures = new Map([[name, isSpeed ? await drawSpeed(results) : await drawRaces(results)]])
  for (const [ending, look] of Object.entries(looks))
    pictures.set(`${name}-short${ending}`, isSpeed ? drawSpeedShort(results, look) : drawRacesShort(results, look))
  const files = [...pictures].map(([of, svg]) => [join(dir, `${of}.svg`), `${svg}\n`] as const)
  for (const [file, svg] of files) await writeFile(file, svg)
  return files.map(([file]) => file)
}
