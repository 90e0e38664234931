// A process that measures the longest turns: one for each value of HOLDFAST_INLINE, because a process reads that once.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { remove } from 'holdfast'
import { stopped } from '../run/stop.js'
import { longestTurn } from './longest.js'
import { works } from './works.js'

export const modes = ['all', 'looks'] as const
export type Mode = (typeof modes)[number]

export interface Plan {
  readonly dir: string
  readonly works: readonly string[]
  /** The calls that are made at once. */
  readonly calls: number
  /** How often that is repeated. */
  readonly runs: number
}

/** By work: the milliseconds of the longest turn of each run. */
export type Turns = Readonly<Record<string, readonly number[]>>

/** The code of a process that has just begun is not compiled yet, and takes several times as long. */
const warmUps = 2

/** Each round runs all works, so that other work of the machine falls on all alike. */
async function measureAll({ dir, works: names, calls, runs }: Plan): Promise<Turns> {
  const turns: Record<string, number[]> = Object.fromEntries(names.map(name => [name, []]))
  for (let round = 0; round < warmUps + runs; round++)
    for (const [nth, name] of names.entries()) {
      const work = works[name]
      if (!work) throw new Error(`There is no work '${name}'`)
      const room = `${dir}/${round} ${nth}`
      mkdirSync(room)
      const paths = Array.from({ length: calls }, (_, n) => `${room}/${n}`)
      for (const path of paths) work.lay?.(path)
      const ms = await longestTurn(paths.map(path => () => work.act(path)))
      if (round >= warmUps) turns[name]?.push(ms)
      await remove(room)
    }
  return turns
}

/** Measures in a process of its own. */
export async function measureWith(mode: Mode, plan: Plan): Promise<Turns> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(plan)], {
    env: { ...process.env, HOLDFAST_INLINE: mode },
    signal: stopped,
  })
  const closed = once(child, 'close')
  const [turns] = (await Promise.race([once(child, 'message'), closed])) as [Turns | number | null]
  if (typeof turns !== 'object' || turns === null) throw new Error(`The process that measures ended with ${turns}`)
  await closed
  return turns
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const turns = await measureAll(JSON.parse(process.argv[2] ?? '') as Plan)
  process.send?.(turns)
  process.disconnect?.()
}
