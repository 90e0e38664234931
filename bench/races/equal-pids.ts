// Two processes with equal pids, like two containers that share a volume, write one file at the same moment, and read
// it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownerOf, payload } from './payload.js'
import type { Contest, Fate, Run } from './rules.js'
import { add, type Score } from './score.js'
import { Turn } from './turn.js'
import { byPidName, type Way, ways as writers } from './write-file.js'

/** The packages that stage a file at a name of their own. (steno's is the same for all processes.) */
const ways: Record<string, Way> = {
  ...Object.fromEntries(
    ['holdfast', 'write-file-atomic', 'atomically', 'cacache'].map(name => [name, writers[name] as Way]),
  ),
  'by hand': byPidName,
}

const variable = 'HOLDFAST_BENCH_PID_ONE'
const processes = 2
const rounds = 100
const bytes = 1024 * 1024

interface Task {
  readonly dir: string
  readonly number: number
  readonly rounds: number
}

interface Said {
  readonly pid: number
  readonly scores: Readonly<Record<string, Pick<Score, 'counts' | 'why'>>>
}

const placeOf = (dir: string, at: number): string => join(dir, `${at}`)
const marksOf = (dir: string): string => join(dir, 'marks')

/** Plays one of the two processes, in a pid namespace of its own. */
async function play({ dir, number, rounds }: Task): Promise<Said> {
  const all = Object.entries(ways).map(([name, way], at) => {
    return { name, way, turn: new Turn(placeOf(dir, at), number, 0, 0, marksOf(dir)) }
  })
  // Each writes once alone: the first so that there is something to read, the other so that both make equally many
  // calls.
  for (const { way, turn } of all) await way.write(turn.path(number === 0 ? 'file' : 'other'), payload(number, bytes))
  for (let round = 0; round < rounds; round++) {
    for (const { name, way, turn } of all) {
      turn.mark(`${name}-${round}-${number}`)
      for await (const _ of turn.until(`${name}-${round}`, processes));
      await writeAndRead(way, turn)
    }
  }
  return { pid: process.pid, scores: Object.fromEntries(all.map(({ name, turn }) => [name, turn.score])) }
}

async function writeAndRead(way: Way, turn: Turn): Promise<void> {
  const file = turn.path('file')
  await turn.score.call(() => way.write(file, payload(turn.number, bytes)))
  const whole = await way.read(file).then(
    data => ownerOf(data) !== undefined,
    () => false,
  )
  turn.score.count('torn or absent', !whole)
}

const namespace = ['--pid', '--fork', '--kill-child', '--mount-proc']

function start(task: Task): ChildProcess {
  const env = { ...process.env, [variable]: JSON.stringify(task) }
  const args = [...namespace, process.execPath, fileURLToPath(import.meta.url)]
  return spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

async function saidBy(child: ChildProcess): Promise<Said> {
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout ?? []) chunks.push(chunk)
  return JSON.parse(String(Buffer.concat(chunks)))
}

async function hold({ dir, part, signal, onProgress }: Run): Promise<ReadonlyMap<string, Fate> | string> {
  if (spawnSync('unshare', [...namespace, 'true']).status !== 0)
    return 'not run: it needs pid namespaces, and the right to create them'
  const names = Object.keys(ways)
  for (const at of names.keys()) mkdirSync(placeOf(dir, at))
  mkdirSync(marksOf(dir))
  const task = { dir, rounds: Math.max(4, Math.round(rounds * part)) }
  const children = [0, 1].map(number => start({ ...task, number }))
  const end = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  signal.addEventListener('abort', end)
  try {
    const said = await Promise.allSettled(children.map(saidBy))
    signal.throwIfAborted()
    onProgress(task.rounds, task.rounds)
    const [one, other] = said.map(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    }) as [Said, Said]
    if (one.pid !== other.pid) throw new Error(`The pids are not equal: ${one.pid} and ${other.pid}`)
    return new Map(names.map(name => [name, fateOf([one, other], name, task.rounds)]))
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

/** The processes wait for each other, so every round is contended. */
function fateOf(said: readonly Said[], name: string, rounds: number): Fate {
  const scores = said.flatMap(({ scores }) => scores[name] ?? [])
  return {
    counts: scores.map(({ counts }) => counts).reduce(add, {}),
    rounds,
    contended: rounds,
    why: scores.find(({ why }) => why)?.why,
  }
}

const name = 'writeFile, by equal pids'
export const writeFileByEqualPids: Contest = {
  name,
  rows: Object.keys(ways),
  titleOf: row => ({ contest: name, package: row }),
  verdicts: { rejected: { of: 'calls' }, 'torn or absent': { of: 'reads' } },
  hold,
}

const task = process.env[variable]
if (task) process.stdout.write(JSON.stringify(await play(JSON.parse(task))))
