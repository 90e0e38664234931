// One side of the comparison: the whole job, done with calls of one kind.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fault, faultsOf } from './check.js'
import { workTogether } from './crew.js'
import { manifestName, watchManifest } from './manifest.js'
import type { Plan } from './plan.js'
import { progressOf } from './progress.js'
import type { ways } from './ways.js'
import type { Job, Report } from './worker.js'

export const mirrorers = 8

export interface Result extends Report {
  readonly title: string
  readonly faults: readonly { readonly fault: Fault; readonly path: string }[]
  readonly seconds: number
}

export async function mirrorBy(
  way: keyof typeof ways,
  title: string,
  plan: Plan,
  place: string,
  stop: AbortSignal,
): Promise<Result> {
  await mkdir(place)
  const { source, entries } = plan
  const jobs = Array.from(
    { length: mirrorers },
    (_, seed): Job => ({ task: 'mirror', way, source, place, entries, seed }),
  )
  const remover: Job = { task: 'remove', way, source, place, entries, seed: mirrorers }
  const progress = progressOf(title, 2 * mirrorers * entries.length)
  const over = new AbortController()
  const watching = watchManifest(join(place, manifestName), over.signal)
  try {
    const first = await workTogether([...jobs, remover], stop, reports => progress.show(sum(reports)))
    const last = await workTogether(jobs, stop, reports => progress.show(sum([...first.reports, ...reports])))
    over.abort()
    progress.end()
    const all = sum([...first.reports, ...last.reports])
    const faults = await faultsOf(plan, place, stop)
    return { ...all, torn: all.torn + (await watching), title, faults, seconds: (first.ms + last.ms) / 1000 }
  } finally {
    over.abort()
    progress.end()
    await watching
  }
}

function sum(reports: readonly Report[]): Report {
  const all: Report = { finished: true, entries: 0, calls: 0, rejected: {}, messages: [], torn: 0, removed: 0 }
  for (const one of reports) {
    for (const what of ['entries', 'calls', 'torn', 'removed'] as const) all[what] += one[what]
    for (const [code, times] of Object.entries(one.rejected)) all.rejected[code] = (all.rejected[code] ?? 0) + times
    all.messages.push(...one.messages)
  }
  return all
}
