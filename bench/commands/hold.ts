// Holds a contest of command lines.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { remove } from 'holdfast'
import type { Contest, Tally } from './contests.js'

export interface Held extends Tally {
  readonly contest: string
  readonly unit: string
  readonly way: string
  readonly isOurs: boolean
  readonly filesystem: string
}

/** Is there a program of this name? */
const has = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0

async function statusOf(script: string, dir: string, number: number): Promise<number | null> {
  const child = spawn('sh', ['-c', script, 'sh', String(number)], { cwd: dir, stdio: 'ignore' })
  const [status] = (await once(child, 'close')) as [number | null]
  return status
}

/** Reads until `isOver`, and counts. */
async function readWhile(path: string, isWhole: (text: string) => boolean, isOver: () => boolean): Promise<Tally> {
  let [bad, of] = [0, 0]
  while (!isOver()) {
    const text = await readFile(path, 'utf8').catch(() => '')
    of++
    if (!isWhole(text)) bad++
    await turn()
  }
  return { bad, of }
}

async function roundOf(contest: Contest, script: string, dir: string): Promise<Tally> {
  contest.setup(dir)
  let isOver = false
  const { read } = contest
  const reading = read && readWhile(join(dir, read.file), read.isWhole, () => isOver)
  const statuses = await Promise.all(
    Array.from({ length: contest.processes }, (_, number) => statusOf(script, dir, number)),
  )
  isOver = true
  return (await reading) ?? contest.judge(dir, statuses)
}

/** Runs each way of a contest for some rounds, in turn, so that all have the same machine. */
export async function hold(contest: Contest, root: string, rounds: number, filesystem: string): Promise<Held[]> {
  const ways = contest.ways.filter(({ needs }) => needs === undefined || has(needs))
  const sums = ways.map(() => ({ bad: 0, of: 0 }))
  for (let round = 0; round < rounds; round++)
    for (const [at, { script }] of ways.entries()) {
      const dir = join(root, 'round')
      mkdirSync(dir)
      const { bad, of } = await roundOf(contest, script, dir)
      const sum = sums[at] as { bad: number; of: number }
      sum.bad += bad
      sum.of += of
      await remove(dir)
    }
  const { name, unit } = contest
  return ways.map((way, at) => ({
    ...{ contest: name, unit, way: way.name, isOurs: way.name.includes('holdfast'), filesystem },
    ...(sums[at] as Tally),
  }))
}
