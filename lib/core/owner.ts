// Which process made a name, and is it still alive? A pid alone is not enough: two containers on one volume have the
// same pids, and pids are reused. So an owner is a place (./places.ts), a pid in that place, and the time at which that
// process was born. What a thread holds until it gives that back says more: the place of its clock; the image, because a
// process that executes another program keeps pid and birth; and for a worker, which may end while its process lives,
// the thread's id and birth.

import { isMainThread, threadId } from 'node:worker_threads'
import type { LifeFiles } from './life-files.js'
import { monotonicMs } from './moment.js'
import { type Owner, parse, toNumber } from './owner-words.js'
import { isCertain, placesOf } from './places.js'
import { isProcOf, type Records, readProcess } from './process-records.js'

export interface Witness extends Records {
  readonly platform: NodeJS.Platform
  readonly pid: number
  /** The number that Node has given to this thread, if it is a worker. */
  readonly worker: number | undefined
  /** When this process was born (ms), on the monotonic clock. */
  readonly bornMs: number
  /** What shows that a thread lives, where births cannot be read. */
  readonly life?: LifeFiles | undefined
  /** Does a process, or a thread of one, have this id? */
  exists(pid: number): boolean
}

/**
 * For how long an owner that was alive counts as alive, so that callers which wait at the same time ask once. One that was killed
 * meanwhile keeps its id until its parent has heard of it, so that shows nothing.
 */
const aliveForMs = 5
const mostSeen = 100

/** `self` spells this process as an owner, `thread` this thread; `alive` judges another owner. */
export function identity(records: Records, life?: LifeFiles) {
  const { platform, pid } = process
  const bornMs = Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1000
  const witness: Witness = {
    ...records,
    ...{ platform, pid, bornMs, exists, life },
    // Asked for at its first use, because to load that module of Node takes longer than many a call.
    get worker() {
      return isMainThread ? undefined : threadId
    },
  }
  let spelling: string | undefined
  const self = (): string => (spelling ??= spellSelf(witness))
  const thread = (): string => spellThread(self(), witness)
  /** When each was seen alive last. */
  const seenAlive = new Map<string, number>()
  const alive = (owner: string): boolean | undefined => {
    const isRecent = monotonicMs() - (seenAlive.get(owner) ?? Number.NEGATIVE_INFINITY) < aliveForMs
    // If its id is not in use any more, it has ended meanwhile.
    if (isRecent && exists(idOf(owner))) return true
    const lives = judge(owner, self(), witness)
    if (seenAlive.size >= mostSeen) seenAlive.clear()
    if (lives) seenAlive.set(owner, monotonicMs())
    return lives
  }
  return { self, thread, alive }
}

/** The id of the process, or of the thread. */
function idOf(owner: string): number {
  const { pid, tid } = parse(owner)
  return tid || pid
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Spells this process in `[a-z0-9]` and `-`: `<place>-<pid>-<born>`. */
export function spellSelf(witness: Witness): string {
  const born = readProcess(witness, 'self')?.born ?? unread + Math.round(witness.bornMs).toString(36)
  return [placesOf(witness.platform, witness).pids, witness.pid.toString(36), born].join('-')
}

/** Where a birth cannot be read, what the process knows of its own stands in for it: only itself can compare that. */
const unread = 'u'

/** Spells this thread: `<clock>-<place>-<pid>-<born>-<image>-<thread>-<born>`; the last two are 0 for the main thread. */
export function spellThread(self: string, witness: Witness): string {
  const { clock } = placesOf(witness.platform, witness)
  return [clock, self, readProcess(witness, 'self')?.image ?? '0', spellWorker(self, witness)].join('-')
}

function spellWorker(self: string, witness: Witness): string {
  const life = lifeMark + (witness.worker ?? 0).toString(36).padStart(lifeDigits, '0')
  if (witness.life?.hold(lifeName(parse(self), life))) return `0-${life}`
  if (witness.worker === undefined) return '0-0'
  // Read in the thread itself: the pool would read the id of one of its own threads.
  const id = isProcOf(witness.pid, witness) ? witness.link('/proc/thread-self')?.split('/').at(-1) : undefined
  const born = id === undefined ? undefined : readProcess(witness, 'thread-self')?.born
  // Where it cannot be read, the number keeps it apart from the other threads, and is no evidence of death.
  if (id === undefined || born === undefined) return `0-${witness.worker.toString(36)}`
  return `${Number(id).toString(36)}-${born}`
}

/** In the place of a thread's birth: it keeps a file open while it lives. No number of a thread is spelled like that. */
const lifeMark = 'w'
const lifeDigits = 6

const lifeName = ({ pid, born }: Owner, life: string): string => [pid.toString(36), born, life].join('-')

/** Undefined if it keeps no such file. */
function lifeOf(it: Owner, { life }: Witness): { readonly lives: boolean | undefined } | undefined {
  const { threadBorn = '' } = it
  if (!life || !threadBorn.startsWith(lifeMark) || threadBorn.length <= lifeDigits) return undefined
  return { lives: life.lives(lifeName(it, threadBorn)) }
}

/**
 * Is the process, or the thread, that `owner` names alive? Returns true or false only if that is certain. A process
 * elsewhere (another machine, an earlier boot, another namespace of pids or of time) cannot be judged from here. Neither
 * can a running process whose birth cannot be read, because its pid may have been reused.
 */
export function judge(owner: string, self: string, witness: Witness): boolean | undefined {
  const it = parse(owner)
  const me = parse(self)
  if (it.place !== me.place || it.pid === 0) return undefined
  let lives = it.pid === me.pid ? isSelf(it, me, witness) : judgeTask(it.pid, it, `${it.pid}`, witness)
  if (lives !== false) {
    const kept = lifeOf(it, witness)
    if (kept) lives = kept.lives
  }
  if (lives && it.tid > 0) lives = judgeTask(it.tid, { born: it.threadBorn }, `${it.pid}/task/${it.tid}`, witness)
  return lives || isCertain(it.place) ? lives : undefined
}

/** Milliseconds: two readings of one birth do not differ by more, and no pid is used again as soon as that. */
const sameBirthMs = 500

/** It has this process's own pid: is it this process, or did it end before this one got the pid? */
function isSelf(it: Owner, me: Owner, witness: Witness): boolean | undefined {
  const [its, mine] = [it.born, me.born].map(born => (born.startsWith(unread) ? toNumber(born.slice(1)) : undefined))
  if ((its === undefined) !== (mine === undefined)) return undefined
  const isSameBirth = its && mine ? Math.abs(its - mine) <= sameBirthMs : it.born === me.born
  return isSameBirth && isSameImage(it.image, readProcess(witness, 'self')?.image)
}

/** An image that cannot be read is no evidence. */
const isSameImage = (one: string | undefined, other: string | undefined): boolean =>
  one === other || !one || !other || one === '0' || other === '0'

/** Is the process, or the thread, that has this id the one that was born then? `at`: where /proc describes it. */
function judgeTask(
  id: number,
  { born, image }: { readonly born: string | undefined; readonly image?: string | undefined },
  at: string,
  witness: Witness,
): boolean | undefined {
  if (!witness.exists(id)) return false
  const running = isProcOf(witness.pid, witness) ? readProcess(witness, at) : undefined
  if (running === undefined || born === undefined || born.startsWith(unread)) return undefined
  const { state, threads } = running
  // Of a process whose first thread has ended, others may go on.
  const isOver = state === 'X' || (state === 'Z' && (at !== `${id}` || !(threads > 1)))
  return running.born === born && !isOver && isSameImage(image, running.image)
}
