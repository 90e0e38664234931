// Runs one of the tables that issues ask for, at full size: `npm run prove -- NAME`. `npm test` runs the same code
// small. What follows the name goes to the program, as in `npm run prove -- worlds lock/world`.

import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const specs = join('dist', 'spec', 'run.js')
const bench = program => [[join('scripts', 'ready.mjs'), 'bench'], [join('bench', 'dist', `${program}.js`)]]

/** The attacks by what they are about. */
const attacks = { trees: 'attack', within: 'within/attack' }

/** Each is a list of programs; the last one gets the arguments, as `spell` spells them. */
const tables = {
  worlds: {
    says: 'every world of the explorer, with one preemption more and many more random schedules, an hour for each',
    programs: [[specs, '--only', 'explored', '--full']],
  },
  rounds: {
    says: 'every race of real processes, with about twenty times the rounds',
    programs: [[specs, '--only', 'raced', '--full']],
  },
  calls: {
    says: 'each filesystem call of each function fails, lies, or is where the process dies: no promise is broken',
    programs: [[join('dist', 'spec', 'calls', 'prove.js')]],
  },
  throws: {
    says: 'every call of each function fails in every manner of failing: nothing escapes, and no descriptor is left',
    programs: [[specs, 'core/drive', '--full']],
  },
  descriptors: {
    says: 'each function with 44 free descriptors, 400 calls at once: how many times as long as with plenty',
    programs: [[specs, 'core/few-descriptors', '--full']],
  },
  stops: {
    says: 'each function, stopped at 50 random moments: how long it takes to reject, and what it leaves',
    programs: [[specs, 'core/stopped', '--full']],
  },
  attack: {
    says: 'an attacker swaps names for links, a minute for each function that walks or writes (`trees`), and of `within`: no harm outside',
    programs: [[specs, '--full']],
    spell: names => (names.length > 0 ? names.map(one => attacks[one] ?? one) : Object.values(attacks)),
  },
  lock: {
    says: 'locks: the dead are followed at one look, and by one; no live holder is robbed; shared locks, several holders, fairness',
    programs: [[specs, 'lock', 'lock/', 'single', '--full']],
  },
  'append-lines': {
    says: 'eight processes append to one file, 1,000 records each of 10 bytes to 1 MiB, some are killed, the disk is full twice',
    programs: [[specs, 'append-lines/race', '--only', 'raced', '--full']],
  },
  'publish-directory': {
    says: 'three processes publish a directory 1,000 times beside four readers, ten are killed: no gap, no mixed tree',
    programs: [[specs, 'publish-directory', '--only', 'raced', '--full']],
  },
  cache: {
    says: 'every order in which callers of a cache load, check, set, delete, evict and abort, also between two reactions',
    programs: [[specs, 'cache', 'cache/', '--full']],
  },
  content: {
    says: 'the content store: its worlds, every call killed and failing, and eight processes that put, evict, verify and are killed',
    programs: [[specs, 'content', 'content/', '--full']],
  },
  store: {
    says: 'the keyed store on each engine, or the parts that are named: nothing is lost, doubled or brought back, whoever is killed or cut off',
    programs: [[specs, '--full']],
    spell: names => (names.length > 0 ? names.map(one => `store/${one}`) : ['store/']),
  },
  limiter: {
    says: 'limits of every kind on each engine: eight processes, kills, clocks; every world; the script of Redis beside the functions',
    programs: [[specs, 'store/limiter', 'store/limiter/', '--full']],
  },
  nodes: {
    says: 'the whole suite on Node 22, 24 and 26, or on the lines that are named',
    programs: [[join('scripts', 'nodes.mjs')]],
  },
  compat: {
    says: 'every public function on Node, Bun and Deno, or on those that are named: what works where',
    programs: [[join('scripts', 'compat.mjs')]],
  },
  races: {
    says: 'our functions and those of other packages in races of real processes: ours make no mistake, others do',
    programs: bench('races'),
  },
  speed: {
    says: 'our functions beside those of other packages and beside the bare system calls, in microseconds',
    programs: bench('speed'),
  },
  faces: {
    says: 'what each face costs over the function that it is over, in processor time',
    programs: bench('faces'),
  },
  turns: {
    says: 'the longest turn of the event loop while a thousand calls of a function are under way, each function',
    programs: bench('turns'),
  },
}

const [name, ...args] = process.argv.slice(2)
const table = Object.hasOwn(tables, name ?? '') ? tables[name] : undefined
if (!table) {
  if (name !== undefined) console.error(`There is no table '${name}'.`)
  console.log('npm run prove -- NAME runs one of these:')
  for (const [one, { says }] of Object.entries(tables)) console.log(`  ${one.padEnd(17)}  ${says}`)
  process.exit(name === undefined ? 0 : 1)
}

for (const [at, program] of table.programs.entries()) {
  const last = at === table.programs.length - 1
  const { status } = spawnSync(process.execPath, [...program, ...(last ? (table.spell?.(args) ?? args) : [])], {
    cwd: top,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
