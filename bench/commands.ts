// `npm run bench:commands`: the command line beside flock(1), `mv -n`, sponge and `ln`, in real processes of a shell. It prints a
// table, and a full run puts that into docs/command-line.md. It exits with 1 if one of holdfast's commands is wrong.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { writeFile } from 'holdfast'
import { withTable } from './charts/slower.js'
import { contests } from './commands/contests.js'
import { type Held, hold } from './commands/hold.js'
import { aboutOf, describe } from './run/about.js'
import { optionsOf } from './run/options.js'
import { everyPlace, filesystemOf, inScratch } from './run/place.js'
import { runToItsEnd, stopped } from './run/stop.js'

/** A row for each contest, with all filesystems of one command in one cell. */
function tableOf(held: readonly Held[]): string {
  const rows = contests.flatMap(({ name, unit }) => {
    const own = held.filter(({ contest }) => contest === name)
    const ways = [...new Set(own.map(({ way }) => way))]
    const cells = ways.map(way => {
      const counts = own.filter(one => one.way === way).map(({ bad, of }) => `${bad} of ${of}`)
      return `${way} ${counts.join(' / ')}`
    })
    const isOurs = (cell: string): boolean => cell.includes('holdfast')
    const [ours, others] = [cells.filter(isOurs), cells.filter(cell => !isOurs(cell))]
    return own.length === 0 ? [] : [`| ${name}: ${unit} | ${ours.join('<br>')} | ${others.join('<br>')} |`]
  })
  const filesystems = [...new Set(held.map(({ filesystem }) => filesystem))].join(' / ')
  return [`| ${filesystems} | | |`, '|---|---|---|', ...rows].join('\n')
}

await runToItsEnd(async () => {
  const options = optionsOf('bench:commands', everyPlace)
  const rounds = options.quick ? 1 : 3
  const held: Held[] = []
  for (const root of options.on)
    await inScratch(root, async dir => {
      for (const contest of contests) {
        if (!contest.name.includes(options.only) || stopped.aborted) continue
        held.push(...(await hold(contest, dir, rounds, filesystemOf(root))))
      }
    })
  const packages = ['holdfast']
  const filesystems = options.on.map(filesystemOf)
  const [run = ''] = describe(aboutOf({ command: 'npm run bench:commands', seed: options.seed, filesystems, packages }))
  const table = `${tableOf(held)}\n\n${run.replace(/, seed \d+/, '')}.`
  console.log(table)
  if (options.whole) {
    const page = fileURLToPath(new URL('../../docs/command-line.md', import.meta.url))
    await writeFile(page, withTable(readFileSync(page, 'utf8'), table, 'bench:commands'))
  }
  if (held.some(({ isOurs, bad }) => isOurs && bad > 0)) process.exitCode = 1
})
