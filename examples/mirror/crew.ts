// The processes that work, as their parent sees them.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, Report } from './worker.js'

interface Member {
  readonly job: Job
  readonly child: ChildProcess
  readonly gone: Promise<unknown>
  report: Report | undefined
}

/**
 * Starts a process for each job, lets them begin together, and waits until all that mirror have finished. No process is
 * left then, whatever happened. Returns the last reports, and how long the work took.
 */
export async function workTogether(
  jobs: readonly Job[],
  stop: AbortSignal,
  onProgress: (reports: Report[]) => void,
): Promise<{ reports: Report[]; ms: number }> {
  stop.throwIfAborted()
  const crew = jobs.map(enlist)
  const reports = () => crew.flatMap(({ report }) => report ?? [])
  let begun = 0
  let abort = () => {}
  try {
    await new Promise<void>((resolve, reject) => {
      abort = () => reject(stop.reason)
      stop.addEventListener('abort', abort)
      const waitingFor = new Set(crew)
      const unfinished = new Set(crew.filter(({ job }) => job.task === 'mirror'))
      for (const member of crew) {
        member.child.on('error', reject)
        // The workers wait to be killed, so one that exits by itself has failed.
        member.child.on('exit', (code, signal) => reject(new Error(`A worker ended too early (${signal ?? code})`)))
        member.child.on('message', (message: 'ready' | Report) => {
          if (message === 'ready') {
            waitingFor.delete(member)
            if (waitingFor.size > 0) return
            begun = performance.now()
            for (const { child, job } of crew) child.send(job)
            return
          }
          member.report = message
          if (message.finished) unfinished.delete(member)
          if (unfinished.size === 0) resolve()
          onProgress(reports())
        })
      }
    })
    return { reports: reports(), ms: performance.now() - begun }
  } finally {
    stop.removeEventListener('abort', abort)
    for (const { child } of crew) child.kill('SIGKILL')
    await Promise.all(crew.map(({ gone }) => gone))
  }
}

function enlist(job: Job): Member {
  const child = fork(fileURLToPath(new URL('worker.js', import.meta.url)))
  // Also resolved if the process could not be started.
  const gone = new Promise(resolve => child.once('exit', resolve).once('error', resolve))
  return { job, child, gone, report: undefined }
}
