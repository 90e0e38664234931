// The processes that are killed, what they report of themselves, and what kills them.

import { openSync, readFileSync, writeSync } from 'node:fs'
import { patience, type Turn } from './turn.js'

/** Milliseconds that a victim lives at most, which is time for many calls. */
const longestLife = 60
/** A victim makes this many calls at a time, so that its death interrupts many. */
export const lanes = 8

/** The last word that a victim wrote about one of its lanes. */
export interface Word {
  /** Which of its calls, from 0. */
  readonly call: number
  readonly isInside: boolean
}

const fileOf = (turn: Turn, victim: number): string => turn.path(`victim-${victim}`)
const width = 24

/** Each word has a fixed place, so that a reader finds it whole, or the one before it. */
function linesOf(turn: Turn, victim: number): string[][] {
  try {
    const text = readFileSync(fileOf(turn, victim), 'latin1')
    return Array.from({ length: lanes + 1 }, (_, at) => text.slice(at * width, (at + 1) * width).split(' '))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return []
  }
}

export function lastWordsOf(turn: Turn, victim: number): Word[] {
  return linesOf(turn, victim)
    .slice(0, lanes)
    .map(([where, call]) => ({ call: Number(call), isInside: where === 'inside' }))
}

/**
 * Makes calls until this process is killed, and writes down before each call that it is inside, and after it that it is
 * outside. `make` lays out what a call finds, and returns the call.
 */
export async function callUntilKilled(
  turn: Turn,
  make: (lane: number, call: number) => () => Promise<unknown>,
): Promise<never> {
  const fd = openSync(fileOf(turn, turn.number), 'w')
  const say = (at: number, words: string) => writeSync(fd, `${words} `.padEnd(width), at * width)
  const firsts = Array.from({ length: lanes }, (_, lane) => make(lane, 0))
  const going = firsts.map(async (first, lane) => {
    for (let [call, work] = [0, first]; ; work = make(lane, ++call)) {
      say(lane, `inside ${call}`)
      // The outcome is of no interest here: with some packages the calls of the lanes lose each other's files.
      await work().catch(() => undefined)
      say(lane, `outside ${call}`)
    }
  })
  // Written when every lane is inside a call.
  say(lanes, `pid ${process.pid}`)
  return Promise.race(going)
}

/** Kills each of them at a random moment. */
export async function killAll(turn: Turn, victims: number): Promise<void> {
  const pids: number[] = []
  for (const late = performance.now() + patience; pids.length < victims; ) {
    if (performance.now() > late) throw new Error(`A victim has not begun within ${patience} ms`)
    const pid = linesOf(turn, pids.length)[lanes]?.[1]
    if (pid) pids.push(Number(pid))
    else await new Promise(setImmediate)
  }
  const from = performance.now()
  const due = pids.map(pid => ({ pid, at: from + turn.chance() * longestLife })).sort((a, b) => a.at - b.at)
  for (const { pid, at } of due) {
    // Waits busily, because a timer is only as exact as a millisecond.
    while (performance.now() < at);
    process.kill(pid, 'SIGKILL')
  }
}
