// `npm run bench:faces`: what each face costs over the function that it is over, in processor time.

import { costsOf, type Plan } from './faces/measure.js'
import { pairs } from './faces/pairs.js'
import { isTooDear, tableOf } from './faces/table.js'
import { aboutOf, describe } from './run/about.js'
import { chance } from './run/chance.js'
import { optionsOf, sayNothingNamed } from './run/options.js'
import { everyPlace, filesystemOf, inScratch } from './run/place.js'
import { runToItsEnd } from './run/stop.js'

const full = { rounds: 31, warmUps: 8, calls: 100 }
const quick = { rounds: 9, warmUps: 6, calls: 100 }

await runToItsEnd(async () => {
  const options = optionsOf('bench:faces', everyPlace)
  const effort = options.quick ? quick : full
  const chosen = Object.entries(pairs).filter(([name]) => name.includes(options.only))
  if (chosen.length === 0) return sayNothingNamed('face', options)
  for (const root of options.on) {
    const costs = await inScratch(root, async dir => {
      const leaves = filesystemOf(root) !== 'tmpfs'
      const plan: Plan = { ...effort, dir, random: chance(options.seed), tick: () => {}, leaves }
      const all = []
      for (const [name, pair] of chosen) all.push(...(await costsOf(name, pair, plan)))
      return all
    })
    console.log(tableOf(filesystemOf(root), costs))
    if (costs.some(isTooDear)) process.exitCode = 1
  }
  const filesystems = options.on.map(filesystemOf)
  const about = aboutOf({ command: 'npm run bench:faces', seed: options.seed, filesystems, packages: ['holdfast'] })
  const { rounds, calls } = effort
  console.log([`Medians of ${rounds} rounds of ${calls} calls`, ...describe(about)].join('\n'))
})
