// What a run is told on its command line.

import { parseArgs } from 'node:util'

export interface Options {
  /** The short form, for daily use: fewer rounds, in memory and on disk alike; its results replace nobody's. */
  readonly quick: boolean
  /** Only what has this in its name. */
  readonly only: string
  /** What chance begins with: the same seed draws the same sizes and delays, though processes race as they like. */
  readonly seed: number
  /** Directories on the filesystems to run on. Each gets a scratch directory, which is removed again. */
  readonly on: readonly string[]
  /** A directory that holds another build of holdfast, unpacked: it takes part as one more package. Only `bench:speed` has it. */
  readonly before: string | undefined
  /** All of it, where it is meant to be run: these are the results that are shown. */
  readonly whole: boolean
}

const usage = (command: string): string => `Usage: npm run ${command} -- [options]

  --quick         the short form, under a minute
  --only <text>   only what has <text> in its name
  --seed <n>      what chance begins with (default: drawn, and told)
  --before <dir>  bench:speed: takes the build of holdfast that is unpacked there into the rotation, as \`before\`
  --on <dir>      a directory on the filesystem to run on; may be given again (default: the temporary one, and /dev/shm)

The results are kept in bench/results; those of a short form, a part, or another filesystem in bench/results/quick.`

/** Ends the process, with the usage, where it is asked for or not understood. */
export function optionsOf(command: string, places: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
        before: { type: 'string' },
        on: { type: 'string', multiple: true },
        help: { type: 'boolean', default: false },
      },
    })
    const { quick, only, before, on = places, help } = values
    if (help) {
      console.log(usage(command))
      process.exit(0)
    }
    if (before !== undefined && command !== 'bench:speed') throw new Error(`--before: ${command} does not take it`)
    const seed = Number(values.seed)
    if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed: '${values.seed}' is no whole number`)
    const whole = !quick && only === '' && before === undefined && on === places
    return { quick, only, seed, before, on, whole }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage(command)}`)
    process.exit(2)
  }
}
