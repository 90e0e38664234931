// The options of a run, from its command line.

import { parseArgs } from 'node:util'
import { buildIn } from './build.js'

export interface Options {
  /** The short form, for daily use: fewer rounds. Its results do not replace those of a full run. */
  readonly quick: boolean
  /** Runs only what has this text in its name. */
  readonly only: string
  /** The same seed draws the same sizes and delays; how the processes then race is still up to the system. */
  readonly seed: number
  /** Directories on the filesystems to run on. Each gets a scratch directory, which is removed at the end. */
  readonly on: readonly string[]
  /** The entry (a URL) of another build of holdfast, which takes part as one more package. Only `bench:speed` has it. */
  readonly before: string | undefined
  /** Packages are replaced by the faces that stand in for them. Only `bench:races` has it. */
  readonly faces: boolean
  /** Everything is run, on the default filesystems: only such results are shown in the README. */
  readonly whole: boolean
}

const usage = (command: string): string => `Usage: npm run ${command} -- [options]

  --quick         the short form, under a minute
  --only <text>   runs only what has <text> in its name
  --seed <n>      the seed of the random numbers (default: a random one, which is printed)
  --before <dir>  bench:speed only: an unpacked package of holdfast, which takes part as \`before\`
  --faces         bench:races only: holdfast's face of each package, in its place
  --on <dir>      a directory on the filesystem to run on; may be repeated (default: the temporary one, and /dev/shm)

Full results are kept in bench/results; those of the short form, a part, or other filesystems in bench/results/quick.`

/** Parses the command line. Prints the usage and ends the process for `--help`, and for what it does not understand. */
export function optionsOf(command: string, places: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
        before: { type: 'string' },
        faces: { type: 'boolean', default: false },
        on: { type: 'string', multiple: true },
        help: { type: 'boolean', default: false },
      },
    })
    const { quick, only, on = places, faces, help } = values
    if (help) {
      console.log(usage(command))
      process.exit(0)
    }
    if (values.before !== undefined && command !== 'bench:speed')
      throw new Error(`--before: ${command} does not take it`)
    if (faces && command !== 'bench:races') throw new Error(`--faces: ${command} does not take it`)
    const seed = Number(values.seed)
    if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed: '${values.seed}' is not a whole number`)
    const before = values.before === undefined ? undefined : buildIn(values.before)
    const whole = !quick && only === '' && before === undefined && !faces && on === places
    return { quick, only, seed, before, faces, on, whole }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage(command)}`)
    process.exit(2)
  }
}

/** Says that nothing has been run, because nothing of that kind has the text in its name. */
export function sayNothingNamed(kind: string, { only }: Options): void {
  console.error(`No ${kind} has '${only}' in its name.`)
  process.exitCode = 2
}
