// Three processes each move a thing of their own to one free name: files in one act, directories with a file in the
// next.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { move } from 'holdfast'
import { moveFile } from 'move-file'
import { contest } from './contest.js'
import { ownerAt, payload } from './payload.js'
import { add, type Counts, no, oneWinner, yes } from './score.js'

/** Returns true if it moved the source, false if something was at the target, which stays. */
export type Way = (source: string, target: string) => Promise<boolean>

export const ways: Record<string, Way> = {
  holdfast: (source, target) => move(source, target, { durability: 'none' }),
  // "overwrite: overwrite existing file or directory, default is false."
  'fs-extra': (source, target) => fsExtra.move(source, target).then(yes, no('dest already exists.')),
  // "Optionally prevent overwriting an existing file."
  'move-file': (source, target) =>
    moveFile(source, target, { overwrite: false }).then(yes, no('The destination file exists')),
  'by hand': async (source, target) => {
    if (existsSync(target)) return false
    await rename(source, target)
    return true
  },
}

const movers = 3
/** What is moved in the first act and in the second, and where in it the bytes are. */
const kinds = [
  { kind: 'file', inside: '' },
  { kind: 'directory', inside: 'inside' },
] as const

export const moveWithoutOverwrite = contest({
  name: 'move, nothing overwritten',
  file: import.meta.url,
  ways,
  // ENOTEMPTY, of a directory that is not empty, is no package's documented refusal.
  verdicts: { rejected: { of: 'calls' }, 'double winners': { of: 'targets' }, lost: { of: 'sources' } },
  cast: { mover: movers },
  rounds: 75,
  acts: kinds.length,
  plays: {
    mover: (way, turn) => {
      const kind = kinds[turn.act]?.kind
      return turn.score.wins(() => way(turn.path(`${kind}-${turn.number}`), turn.path(`${kind}`)))
    },
  },
  lay: dir => {
    for (let number = 0; number < movers; number++) {
      writeFileSync(join(dir, `file-${number}`), payload(number, 1024))
      mkdirSync(join(dir, `directory-${number}`))
      writeFileSync(join(dir, `directory-${number}`, 'inside'), payload(number, 1024))
    }
  },
  // The results of the first act, the files, come first; then those of the directories.
  judge: (dir, won) =>
    kinds.map((_, at) => add(oneWinner(won.slice(at * movers, (at + 1) * movers)), lostOf(dir, at))).reduce(add, {}),
})

/** Counts sources that are neither where they were nor at the target. */
function lostOf(dir: string, at: number): Counts {
  const { kind, inside } = kinds[at] as (typeof kinds)[number]
  const there = ownerAt(join(dir, kind, inside))
  const lost = Array.from({ length: movers }, (_, number) => number).filter(
    number => number !== there && ownerAt(join(dir, `${kind}-${number}`, inside)) !== number,
  )
  return { lost: { bad: lost.length, of: movers } }
}
