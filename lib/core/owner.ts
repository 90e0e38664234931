// Who made a name, and is that process still alive? A pid alone says neither: two containers on one volume have the
// same pids, and a pid is used again. So an owner is a place (one boot of one machine, one pid namespace), a pid there,
// and the moment that process was born.

import { createHash } from 'node:crypto'
import { hostname, uptime } from 'node:os'

/** What the door lets us read of /proc; undefined where there is no answer. */
export interface Records {
  text(path: string): string | undefined
  /** Where a link points. */
  link(path: string): string | undefined
}

export interface Witness extends Records {
  readonly platform: NodeJS.Platform
  readonly pid: number
  /** Is there a process with this pid? */
  exists(pid: number): boolean
}

/** Milliseconds: who waits for a lock asks again and again, and a moment later the answer is the same. */
const sameForMs = 20

/** What this process knows of itself and of others. */
export function identity(records: Records) {
  const { platform, pid } = process
  const witness: Witness = { ...records, platform, pid, exists }
  let spelt: string | undefined
  const self = (): string => (spelt ??= spellSelf(witness))
  const seen = { owner: '', atMs: 0 }
  const alive = (owner: string): boolean | undefined => {
    if (owner === seen.owner && performance.now() - seen.atMs < sameForMs) return true
    const lives = judge(owner, self(), witness)
    if (lives) Object.assign(seen, { owner, atMs: performance.now() })
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

/** This process, spelt in `[a-z0-9]` and `-`: `<place>-<pid>-<born>`. Places are 64 bits of a hash. */
export function spellSelf(witness: Witness): string {
  return [place(witness), witness.pid.toString(36), life(witness, 'self')?.born ?? '0'].join('-')
}

/**
 * True or false only where it is certain. Whoever lives elsewhere (another machine, an earlier boot, another pid
 * namespace) cannot be judged from here, and neither can a running process whose birth cannot be read: its pid may
 * have been used again.
 */
export function judge(owner: string, self: string, witness: Witness): boolean | undefined {
  if (owner === self) return true
  const [where, pidText = '', born] = owner.split('-')
  const pid = Number.parseInt(pidText, 36)
  if (where !== self.split('-')[0] || !(pid > 0)) return undefined
  if (!witness.exists(pid)) return false
  const now = ownProc(witness) ? life(witness, String(pid)) : undefined
  if (now === undefined || born === '0') return undefined
  return now.born === born && !now.zombie
}

function place(witness: Witness): string {
  const namespace = witness.link('/proc/self/ns/pid')
  const boot = witness.text('/proc/sys/kernel/random/boot_id')?.trim()
  // Without /proc the minute of the boot stands in for its id. Two readings of it may differ by one, and then the
  // owner is unknowable, which is the safe side.
  const evidence = boot && namespace ? [boot, namespace] : [hostname(), Math.round((Date.now() / 1000 - uptime()) / 60)]
  const digest = createHash('sha256')
    .update(JSON.stringify([witness.platform, ...evidence]))
    .digest()
  return digest.readBigUInt64BE().toString(36)
}

/** /proc may show another pid namespace than ours (`unshare --pid` without a mount): then its pids are not our pids. */
const ownProc = (witness: Witness): boolean => witness.link('/proc/self') === String(witness.pid)

function life(witness: Witness, pid: string): { born: string; zombie: boolean } | undefined {
  // The second field is the program's name in brackets, and may itself hold brackets and spaces.
  const fields = witness.text(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')
  const [state, ticks] = [fields?.[0], fields?.[19]]
  if (state === undefined || ticks === undefined) return undefined
  return { born: Number(ticks).toString(36), zombie: state === 'Z' || state === 'X' }
}
