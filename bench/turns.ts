// `npm run prove -- turns`: how long one turn of the event loop takes while a thousand calls of a function are under way.
// In that time a program does nothing else. It exits with 1 if a function takes longer than its bound.

import { aboutOf, describe } from './run/about.js'
import { optionsOf, sayNothingNamed } from './run/options.js'
import { everyPlace, filesystemOf, inScratch } from './run/place.js'
import { runToItsEnd } from './run/stop.js'
import { measureWith, type Plan } from './turns/run.js'
import { isTooLong, rowsOf, tableOf } from './turns/table.js'
import { measure, works } from './turns/works.js'

const full = { calls: 1000, runs: 20 }
const quick = { calls: 1000, runs: 3 }

await runToItsEnd(async () => {
  const options = optionsOf('prove -- turns', everyPlace)
  const { calls, runs } = options.quick ? quick : full
  const chosen = Object.keys(works).filter(name => name !== measure && name.includes(options.only))
  if (chosen.length === 0) return sayNothingNamed('function', options)
  for (const root of options.on) {
    const rows = await inScratch(root, async dir => {
      const plan: Plan = { dir, works: [measure, ...chosen], calls, runs }
      return rowsOf({ all: await measureWith('all', plan), looks: await measureWith('looks', plan) })
    })
    console.log(tableOf(`${calls} calls at once, ${filesystemOf(root)}`, rows))
    if (rows.some(isTooLong)) process.exitCode = 1
  }
  const filesystems = options.on.map(filesystemOf)
  const about = aboutOf({ command: 'npm run prove -- turns', seed: options.seed, filesystems, packages: ['holdfast'] })
  console.log([`Medians of ${runs} runs, in ms`, ...describe(about)].join('\n'))
})
