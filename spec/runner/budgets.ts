// How many seconds a spec file may take on two cores. Machines are noisy, so a file that takes longer is named at the
// end of a run, and does not fail.

/** What a file takes on two idle cores, and half as much again; 30 s for the others. */
const budgets: Readonly<Record<string, number>> = {
  'get-or-create/world': 110,
  calls: 75,
  'update-file/world': 70,
  sweep: 45,
  'copy/world': 80,
  'copy/swapped': 45,
  'parts/group-writable': 40,
  'write-file/race': 60,
  'lock/world': 55,
  'cell/race': 50,
  'lock/race': 50,
  'lock/apart': 45,
  'lock/evidence': 60,
  'create-exclusive': 45,
  cell: 60,
  'cell/data': 40,
  'core/inline-bounds': 45,
  mkdirp: 40,
  move: 60,
  published: 60,
  attack: 85,
  'bench/programs': 45,
  names: 40,
  'store/redis/race': 45,
  'testing/explore/independence': 45,
}

/** Seconds. */
export const budgetOf = (spec: string): number => budgets[spec] ?? 30

/** It measures which calls are quick, so nothing else may run meanwhile. */
const solitary: ReadonlySet<string> = new Set(['core/fast-path', 'core/inline-bounds'])

export const isSolitary = (spec: string): boolean => solitary.has(spec)

/**
 * Others run meanwhile: its processes wait for each other and take little time of a core (`lock/apart`, `lock/judged`,
 * `store/files/apart`), or for mounts (`store/files/power-cut`); or it takes a minute whatever else runs, and judges results
 * only (`calls`).
 */
const beside: ReadonlySet<string> = new Set([
  'lock/apart',
  'lock/judged',
  'calls',
  'store/files/apart',
  'store/files/power-cut',
])

export const runsBeside = (spec: string): boolean => beside.has(spec)
