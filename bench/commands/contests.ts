// The contests of command lines: what several processes of a shell do at once, and how it is known afterwards what went wrong.

import { lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../../bin/holdfast.js', import.meta.url))
/** As a shell's user has it who has installed the package. */
export const holdfast = `"${process.execPath}" "${bin}"`

export interface Tally {
  readonly bad: number
  readonly of: number
}

interface Way {
  /** What is run, as in the table. */
  readonly name: string
  /** The program without which it cannot be run. */
  readonly needs?: string
  /** A script of sh, whose first argument is the number of the process. */
  readonly script: string
}

export interface Contest {
  readonly name: string
  /** What is counted. */
  readonly unit: string
  /** How many run at once. */
  readonly processes: number
  /** The first is holdfast's. */
  readonly ways: readonly Way[]
  readonly setup: (dir: string) => void
  /** Reads this file all the time, and counts what is not whole. */
  readonly read?: { readonly file: string; readonly isWhole: (text: string) => boolean }
  /** What came of one round, from what is there and from the statuses. Not used where there are readers. */
  readonly judge: (dir: string, statuses: readonly (number | null)[]) => Tally
}

const count = 5
const loop = (command: string): string => `for i in ${'1 '.repeat(count)}; do ${command}; done`
const change = `'n=$(cat count); echo $((n + 1)) >count.$$; mv count.$$ count'`

const counter: Contest = {
  name: 'a counter, which each change replaces',
  unit: 'changes lost',
  processes: 4,
  ways: [
    { name: '`holdfast update`', script: loop(`${holdfast} update count -- awk '{ print $1 + 1 }'`) },
    { name: '`holdfast lock`', script: loop(`${holdfast} lock count -- sh -c ${change}`) },
    { name: '`flock`', needs: 'flock', script: loop(`flock count sh -c ${change}`) },
  ],
  setup: dir => writeFileSync(join(dir, 'count'), '0\n'),
  judge: dir => ({ bad: 4 * count - Number(readFileSync(join(dir, 'count'), 'utf8')), of: 4 * count }),
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

const moves: Contest = {
  name: 'four files, moved to one name that nothing has',
  unit: 'statuses that are wrong',
  processes: 4,
  ways: [
    { name: '`holdfast mv`', script: `${holdfast} mv "from$1" to` },
    { name: '`mv -n`', script: 'mv -n "from$1" to' },
  ],
  setup: dir => {
    for (const at of [0, 1, 2, 3]) writeFileSync(join(dir, `from${at}`), String(at))
  },
  // 0 says that this one was moved.
  judge: (dir, statuses) => ({
    bad: statuses.filter((status, at) => (status === 0) === isThere(join(dir, `from${at}`))).length,
    of: statuses.length,
  }),
}

const size = 400_000
const letters = (letter: string): string => `head -c ${size} /dev/zero | tr '\\0' ${letter}`

const writes: Contest = {
  name: 'a file of 400 kB, written beside a reader',
  unit: 'reads torn',
  processes: 2,
  ways: [
    { name: '`holdfast write`', script: loop(`${letters('"$1"')} | ${holdfast} write file`) },
    { name: '`sponge`', needs: 'sponge', script: loop(`${letters('"$1"')} | sponge file`) },
    { name: '`> file`', script: loop(`${letters('"$1"')} >file`) },
  ],
  setup: dir => writeFileSync(join(dir, 'file'), '0'.repeat(size)),
  read: { file: 'file', isWhole: text => text.length === size && text === (text[0] ?? '').repeat(size) },
  judge: () => ({ bad: 0, of: 0 }),
}

const failing: Contest = {
  name: 'a file, written by a program that fails in the middle',
  unit: 'files spoilt',
  processes: 1,
  ways: [
    { name: '`holdfast write`', script: `${holdfast} write file -- sh -c 'echo half; exit 1'` },
    { name: '`sponge`', needs: 'sponge', script: `sh -c 'echo half; exit 1' | sponge file` },
    { name: '`> file`', script: `sh -c 'echo half; exit 1' >file` },
  ],
  setup: dir => writeFileSync(join(dir, 'file'), 'whole'),
  judge: dir => ({ bad: readFileSync(join(dir, 'file'), 'utf8') === 'whole' ? 0 : 1, of: 1 }),
}

const links: Contest = {
  name: 'one link, which four want',
  unit: 'calls that fail, though the link is there',
  processes: 4,
  ways: [
    { name: '`holdfast ln`', script: `${holdfast} ln file link` },
    { name: '`ln`', script: 'ln file link' },
  ],
  setup: dir => writeFileSync(join(dir, 'file'), 'x'),
  judge: (dir, statuses) => {
    const [ino, linked] = ['file', 'link'].map(name => statSync(join(dir, name), { throwIfNoEntry: false })?.ino)
    // Without the link every call is wrong.
    return {
      bad: ino === linked ? statuses.filter(status => status !== 0).length : statuses.length,
      of: statuses.length,
    }
  },
}

export const contests: readonly Contest[] = [counter, moves, writes, failing, links]
