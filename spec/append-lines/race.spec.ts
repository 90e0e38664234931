// Eight processes append to one file, records of 10 bytes to 1 MiB. Some are killed, and the disk is full meanwhile.

import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { appendLines, lines } from 'holdfast'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { mountCaseless } from '../support/caseless.js'
import { assert, catchInRace, everyPlace, note, places, race, raced, scratch, sized } from '../support/kit.js'
import { mountImage, run, startWarden, unmountBelow } from '../support/mounts.js'
import { isScanned } from '../windows/flavour.js'

const processes = 8
const count = sized(60, 1000)
/** In a round, so many of the processes are killed. */
const killed = 2
const mib = 2 ** 20

/** A record says whose it is, and how long: a part of it, or a mix, is none. */
const recordOf = (who: string, at: number, size: number): string => {
  const head = `${who}:${at}:${size}:`
  return head.padEnd(size, `${who}.`)
}
const sizeOf = (at: number, of: number): number =>
  at % Math.ceil(of / 3) === 7 ? mib : at % 10 === 9 ? 10_000 + ((at * 7919) % 90_000) : 10 + ((at * 31) % 400)
const wholeRecord = (text: string): string | undefined => {
  const [, who = '', at, size] = /^(\d+-\d+-\d+):(\d+):(\d+):/.exec(text) ?? []
  return who && text === recordOf(who, Number(at), Number(size)) ? `${who}:${at}` : undefined
}
const log = (dir: string, round: number): string => join(dir, `log-${round}`)

/** Appends its records, and returns those that the file has by its promise, and how often the disk was full. */
async function write(dir: string, round: number, number: number): Promise<{ done: string[]; full: number }> {
  const who = `${process.pid}-${round}-${number}`
  const done: string[] = []
  let full = 0
  if (number < killed) return dieWriting(log(dir, round), who, (number * 37 + round * 13) % 40)
  for (let at = 0; at < count; at++) {
    const record = recordOf(who, at, sizeOf(at, count))
    try {
      await appendLines(log(dir, round), record)
      done.push(`${who}:${at}`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      full++
      await wait(2)
    }
  }
  return { done, full }
}

/** Is in the middle of a write for most of its time, and is killed by another thread, after so many milliseconds. */
async function dieWriting(file: string, who: string, ms: number): Promise<never> {
  const record = Buffer.from(recordOf(who, 1000, 8 * mib))
  for (let at = 1000; ; at++) {
    record.write(`${who}:${at}`)
    await appendLines(file, record).catch(async error => {
      if (error.code !== 'ENOSPC') throw error
      await wait(2)
    })
    if (at === 1000) new Worker(`setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${ms})`, { eval: true })
  }
}

/** As most programs do it: what is longer than 512 KiB is written in two calls. */
async function naive(dir: string, round: number, number: number): Promise<void> {
  for (let at = 0; at < 6; at++)
    await appendFile(log(dir, round), `${recordOf(`${process.pid}-${round}-${number}`, at, 700_000)}\n`)
}

interface Judged {
  readonly torn: number
  readonly wrong: string[]
  readonly mixed: number
}

/** Reads the file, and compares it with what the processes were promised. */
function judge(file: string, results: readonly Result[]): Judged {
  const seen = new Map<string, number>()
  const wrong: string[] = []
  let [torn, mixed, last] = [0, 0, '']
  for (const line of lines.sync(file)) {
    const record = wholeRecord(line.text)
    if (line.torn) torn++
    else if (record === undefined) wrong.push(`spliced or glued: ${line.text.slice(0, 80)} ... ${line.text.slice(-40)}`)
    else {
      seen.set(record, (seen.get(record) ?? 0) + 1)
      const [who = ''] = record.split(':')
      if (last !== '' && who !== last) mixed++
      last = who
    }
  }
  for (const [record, times] of seen) if (times > 1) wrong.push(`${times} times ${record}`)
  for (const { how, value, message } of results) {
    if (how === 'threw') wrong.push(`threw: ${message}`)
    if (how !== 'returned') continue
    const { done } = value as { done: string[] }
    for (const record of done) if (!seen.has(record)) wrong.push(`lost: ${record}`)
    const who = done[0]?.split(':')[0]
    const own = [...seen.keys()].filter(record => record.split(':')[0] === who).length
    if (who && own !== done.length) wrong.push(`${who} has ${own} records, and was promised ${done.length}`)
  }
  return { torn, wrong, mixed }
}

/** Has all the space but for some taken away. */
function fillUp(dir: string, leave: number): void {
  const { bavail, bsize } = statfsSync(dir)
  run('fallocate', '-l', `${bavail * bsize - leave}`, join(dir, 'filler'))
}

/** A small disk of each kind. */
const kinds = sized(['tmpfs'], ['tmpfs', 'ext4', 'xfs', 'btrfs'])
const room = sized(4, 12) * mib
const canMount = process.platform === 'linux' && process.getuid?.() === 0

async function onSmallDisk(kind: string, test: (dir: string) => Promise<void>): Promise<void> {
  const above = scratch()
  const point = join(above, 'disk')
  mkdirSync(point)
  const warden = startWarden([point])
  try {
    if (kind === 'tmpfs') run('mount', '-t', 'tmpfs', '-o', `size=${room + 2 * mib}`, 'tmpfs', point)
    else mountImage(kind, point)
    await test(point)
  } finally {
    unmountBelow(above)
    warden.dismiss()
  }
}

/**
 * On btrfs a write that has begun is made to its end, though its process is killed: of 200 kills none tore a record. Beside a
 * scanner a victim waits for its turn for nearly all of its time.
 */
const isTornByKills = (kind: string): boolean => kind !== 'btrfs' && !isScanned

async function raceOn(kind: string, dir: string): Promise<void> {
  const judged: Judged[] = []
  const after = (results: readonly Result[], round: number) => {
    judged.push(judge(log(dir, round), results))
    rmSync(log(dir, round))
  }
  const rounds: Result[][] = []
  const sum = (of: 'torn' | 'mixed') => judged.reduce((total, one) => total + one[of], 0)
  // Until a kill has come in the middle of a write.
  const isSeen = () => sum('torn') > 0 || !isTornByKills(kind)
  while (rounds.length < sized(2, 10) || (!isSeen() && rounds.length < 100))
    rounds.push(...(await race(import.meta.url, { dir, cast: { write: processes }, rounds: 2, after })))
  assert.equal(
    judged.flatMap(({ wrong }) => wrong.slice(0, 3)),
    [],
  )
  const died = rounds.flat().filter(({ how }) => how === 'died').length
  note(`${kind}: ${died} killed, ${sum('torn')} torn, ${sum('mixed')} times another process was the next`)
  assert.is(died, killed * rounds.length)
  assert.ok(rounds.every(overlaps) && sum('mixed') > processes, 'no contention')
  assert.ok(isSeen(), 'no kill came in the middle of a write')
}

if (!contender({ write, naive })) {
  const title =
    'eight append, two are killed in each round: no record is spliced, glued or lost, and torn ones are told'
  for (const { kind, dir } of sized(places, everyPlace))
    raced(`race on ${kind}: ${title}`, () => raceOn(kind, scratch(dir)))

  // Each call there is one of a FUSE server, too.
  if (sized(false, true)) {
    const mounted = mountCaseless('exFAT', 256)
    if ('why' in mounted) raced.skip(`race on exFAT: ${title}`, mounted.why)
    else {
      // Before the scratch directory is removed; also when the race was not chosen.
      process.prependListener('exit', mounted.unmount)
      raced(`race on exFAT, where calls take turns: ${title}`, () => raceOn('exFAT', mounted.dir))
    }
  }

  raced('race catches: appendFile, whose long records are spliced', async () => {
    const dir = scratch()
    let at = -1
    const options = { dir, cast: { naive: 4 }, rounds: sized(40, 200) }
    await catchInRace(import.meta.url, options, () => judge(log(dir, ++at), []).wrong.length > 0)
  })

  for (const kind of kinds) {
    const name = `race on a small ${kind}: the disk is full twice, and torn records are told, and nothing is glued to them`
    if (!canMount) raced.skip(name, 'it takes root on Linux')
    else
      raced(name, () =>
        onSmallDisk(kind, async dir => {
          for (const ballast of ['one', 'two']) writeFileSync(join(dir, ballast), Buffer.alloc(mib))
          if (kind !== 'tmpfs') fillUp(dir, room)
          const freed: number[] = []
          const timer = setInterval(() => {
            const { bavail, bsize } = statfsSync(dir)
            const [ballast] = ['one', 'two'].slice(freed.length)
            if (bavail * bsize > 128 * 1024 || !ballast) return
            rmSync(join(dir, ballast))
            freed.push(bavail)
          }, 3)
          let judged: Judged | undefined
          const after = (results: readonly Result[], round: number) => {
            judged = judge(log(dir, round), results)
          }
          try {
            const [results = []] = await race(import.meta.url, { dir, cast: { write: processes }, rounds: 1, after })
            const full = results.reduce(
              (sum, { value }) => sum + ((value as { full: number } | undefined)?.full ?? 0),
              0,
            )
            const { torn = 0, wrong = [] } = judged ?? {}
            note(`${kind}: ${full} times ENOSPC, ${freed.length} times space was freed, ${torn} torn`)
            assert.equal(wrong.slice(0, 3), [])
            assert.ok(full > 0 && torn > 0 && freed.length === 2)
          } finally {
            clearInterval(timer)
            spawnSync('sync')
          }
        }),
      )
  }
}
