// Which process made a name, and is it still alive? A pid alone is not enough: two containers on one volume have the
// same pids, and pids are reused. So an owner is a place (one boot of one machine, one pid namespace), a pid in that
// place, and the time at which that process was born. A worker thread may end while its process lives, so what it holds
// until it gives that back has an owner of two words more: the thread's id, and its birth.

import { createHash } from 'node:crypto'
import { hostname, uptime } from 'node:os'
import { isMainThread, threadId } from 'node:worker_threads'

/** How to read /proc. Each returns undefined for what cannot be read. */
export interface Records {
  text(path: string): string | undefined
  /** The text of a symbolic link. */
  link(path: string): string | undefined
}

export interface Witness extends Records {
  readonly platform: NodeJS.Platform
  readonly pid: number
  /** The number that Node has given to this thread, if it is a worker. */
  readonly worker: number | undefined
  /** Does a process, or a thread of one, have this id? */
  exists(pid: number): boolean
}

/** For how long an owner that was alive counts as alive. A waiting caller asks about the same one again and again. */
const aliveForMs = 20

/** `self` spells this process as an owner, `thread` this thread; `alive` judges another owner. */
export function identity(records: Records) {
  const { platform, pid } = process
  const worker = isMainThread ? undefined : threadId
  const witness: Witness = { ...records, platform, pid, worker, exists }
  let spelling: string | undefined
  const self = (): string => (spelling ??= spellSelf(witness))
  let spellingOfThread: string | undefined
  const thread = (): string => (spellingOfThread ??= spellThread(self(), witness))
  const lastAlive = { owner: '', atMs: 0 }
  const alive = (owner: string): boolean | undefined => {
    const isRecent = owner === lastAlive.owner && performance.now() - lastAlive.atMs < aliveForMs
    // If its id is not in use any more, it has ended meanwhile.
    if (isRecent && exists(idOf(owner))) return true
    const lives = judge(owner, self(), witness)
    if (lives) Object.assign(lastAlive, { owner, atMs: performance.now() })
    return lives
  }
  return { self, thread, alive }
}

/** The id of the process, or of the thread. */
function idOf(owner: string): number {
  const [, pid = '', , tid = '0'] = owner.split('-')
  return Number.parseInt(tid === '0' ? pid : tid, 36) || 0
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Spells this process in `[a-z0-9]` and `-`: `<place>-<pid>-<born>`. A place is 64 bits of a hash. */
export function spellSelf(witness: Witness): string {
  return [place(witness), witness.pid.toString(36), readProcess(witness, 'self')?.born ?? '0'].join('-')
}

/** Spells this thread: the main thread as its process, a worker as `<process>-<id>-<born>`. */
export function spellThread(self: string, witness: Witness): string {
  if (witness.worker === undefined) return self
  // Read in the thread itself: the pool would read the id of one of its own threads.
  const id = isProcOurs(witness) ? witness.link('/proc/thread-self')?.split('/').at(-1) : undefined
  const born = id === undefined ? undefined : readProcess(witness, 'thread-self')?.born
  // Where it cannot be read, the number keeps it apart from the other threads, and is no evidence of death.
  if (id === undefined || born === undefined) return `${self}-0-${witness.worker.toString(36)}`
  return `${self}-${Number(id).toString(36)}-${born}`
}

/**
 * Is the process, or the thread, that `owner` names alive? Returns true or false only if that is certain. A process
 * elsewhere (another machine, an earlier boot, another pid namespace) cannot be judged from here. Neither can a running
 * process whose birth cannot be read, because its pid may have been reused.
 */
export function judge(owner: string, self: string, witness: Witness): boolean | undefined {
  const [where, pidText = '', born, tidText = '0', threadBorn] = owner.split('-')
  const pid = Number.parseInt(pidText, 36)
  const isOurs = [where, pidText, born].join('-') === self
  if (!isOurs && (where !== self.split('-')[0] || !(pid > 0))) return undefined
  const lives = isOurs || judgeTask(pid, born, String(pid), witness)
  const tid = Number.parseInt(tidText, 36)
  return lives && tid > 0 ? judgeTask(tid, threadBorn, `${pid}/task/${tid}`, witness) : lives
}

/** Is the process, or the thread, that has this id the one that was born then? `at`: where /proc describes it. */
function judgeTask(id: number, born: string | undefined, at: string, witness: Witness): boolean | undefined {
  if (!witness.exists(id)) return false
  const running = isProcOurs(witness) ? readProcess(witness, at) : undefined
  if (running === undefined || born === '0') return undefined
  return running.born === born && !running.zombie
}

function place(witness: Witness): string {
  const namespace = witness.link('/proc/self/ns/pid')
  const boot = witness.text('/proc/sys/kernel/random/boot_id')?.trim()
  // Without /proc, the minute of the boot stands in for its id. Two readings of it may differ by one minute. Then the
  // owner seems to be elsewhere and cannot be judged, which is safe.
  const evidence = boot && namespace ? [boot, namespace] : [hostname(), Math.round((Date.now() / 1000 - uptime()) / 60)]
  const digest = createHash('sha256')
    .update(JSON.stringify([witness.platform, ...evidence]))
    .digest()
  return digest.readBigUInt64BE().toString(36)
}

/** /proc may show another pid namespace (`unshare --pid` without a mount), where other processes have the same pids. */
const isProcOurs = (witness: Witness): boolean => witness.link('/proc/self') === String(witness.pid)

/** Reads when a process or a thread was born, and whether it has ended. */
function readProcess(witness: Witness, at: string): { born: string; zombie: boolean } | undefined {
  // The second field is the program's name in parentheses. It may itself contain parentheses and spaces.
  const fields = witness.text(`/proc/${at}/stat`)?.split(') ').at(-1)?.split(' ')
  const [state, ticks] = [fields?.[0], fields?.[19]]
  if (state === undefined || ticks === undefined) return undefined
  return { born: Number(ticks).toString(36), zombie: state === 'Z' || state === 'X' }
}
