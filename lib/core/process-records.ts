// How Linux describes processes and threads, in /proc.

/** How to read /proc. Each returns undefined for what cannot be read. */
export interface Records {
  text(path: string): string | undefined
  /** The text of a symbolic link. */
  link(path: string): string | undefined
}

/** /proc may show another pid namespace (`unshare --pid` without a mount), where other processes have the same pids. */
export const isProcOf = (pid: number, records: Records): boolean => records.link('/proc/self') === String(pid)

export interface Running {
  readonly born: string
  /** Where its stack begins, which only those may read that may trace it: 0 for others. */
  readonly image: string
  readonly state: string
  /** How many threads the process has. */
  readonly threads: number
}

/** Reads when a process or a thread was born, and whether it has ended. */
export function readProcess(records: Records, at: string): Running | undefined {
  // The second field is the program's name in parentheses. It may itself contain parentheses and spaces.
  const fields = records.text(`/proc/${at}/stat`)?.split(') ').at(-1)?.split(' ')
  const [state, threads, ticks, stack] = [fields?.[0], fields?.[17], fields?.[19], fields?.[25]]
  if (state === undefined || ticks === undefined) return undefined
  return { born: Number(ticks).toString(36), image: Number(stack ?? 0).toString(36), state, threads: Number(threads) }
}
