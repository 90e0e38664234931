// Which process made a name, and is it still alive? A pid alone is not enough: two containers on one volume have the
// same pids, and pids are reused. So an owner is a place (one boot of one machine, one pid namespace), a pid in that
// place, and the time at which that process was born.

import { createHash } from 'node:crypto'
import { hostname, uptime } from 'node:os'

/** How to read /proc. Each returns undefined for what cannot be read. */
export interface Records {
  text(path: string): string | undefined
  /** The text of a symbolic link. */
  link(path: string): string | undefined
}

export interface Witness extends Records {
  readonly platform: NodeJS.Platform
  readonly pid: number
  /** Does a process have this pid? */
  exists(pid: number): boolean
}

/** For how long an owner that was alive counts as alive. A waiting caller asks about the same one again and again. */
const aliveForMs = 20

/** `self` spells this process as an owner; `alive` judges another owner. */
export function identity(records: Records) {
  const { platform, pid } = process
  const witness: Witness = { ...records, platform, pid, exists }
  let spelling: string | undefined
  const self = (): string => (spelling ??= spellSelf(witness))
  const lastAlive = { owner: '', atMs: 0 }
  const alive = (owner: string): boolean | undefined => {
    if (owner === lastAlive.owner && performance.now() - lastAlive.atMs < aliveForMs) return true
    const lives = judge(owner, self(), witness)
    if (lives) Object.assign(lastAlive, { owner, atMs: performance.now() })
    return lives
  }
  return { self, alive }
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

/**
 * Is the process that `owner` names alive? Returns true or false only if that is certain. A process elsewhere (another
 * machine, an earlier boot, another pid namespace) cannot be judged from here. Neither can a running process whose
 * birth cannot be read, because its pid may have been reused.
 */
export function judge(owner: string, self: string, witness: Witness): boolean | undefined {
  if (owner === self) return true
  const [where, pidText = '', born] = owner.split('-')
  const pid = Number.parseInt(pidText, 36)
  if (where !== self.split('-')[0] || !(pid > 0)) return undefined
  if (!witness.exists(pid)) return false
  const running = isProcOurs(witness) ? readProcess(witness, String(pid)) : undefined
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

function readProcess(witness: Witness, pid: string): { born: string; zombie: boolean } | undefined {
  // The second field is the program's name in parentheses. It may itself contain parentheses and spaces.
  const fields = witness.text(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')
  const [state, ticks] = [fields?.[0], fields?.[19]]
  if (state === undefined || ticks === undefined) return undefined
  return { born: Number(ticks).toString(36), zombie: state === 'Z' || state === 'X' }
}
