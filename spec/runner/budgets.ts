// How many seconds a spec file may take on two cores. Machines are noisy, so a file that takes longer is named at the
// end of a run, and does not fail.

const budgets: Readonly<Record<string, number>> = {
  'get-or-create/world': 120,
  'lock/world': 60,
  'update-file/world': 45,
  move: 45,
  mkdirp: 45,
}

/** Seconds. */
export const budgetOf = (spec: string): number => budgets[spec] ?? 30

/** It measures which calls are quick, so nothing else may run meanwhile. */
const solitary: ReadonlySet<string> = new Set(['core/fast-path'])

export const isSolitary = (spec: string): boolean => solitary.has(spec)

/** Its processes wait for each other for half a minute and take no time of a core, so others run meanwhile. */
const waiting: ReadonlySet<string> = new Set(['lock/apart'])

export const isWaiting = (spec: string): boolean => waiting.has(spec)
