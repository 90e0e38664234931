// The process under the shim: an unmodified one, which makes one call of a public function after the other, each in a
// directory of its own, and reports what came of it.

import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Form } from './act.js'
import { actOf } from './acts.js'
import { Control, type Rule } from './shim.js'

/** What is to be done. */
export interface Job {
  readonly act: string
  readonly form: Form
  readonly dir: string
  readonly rule: Rule | undefined
}

export interface Failure {
  readonly code: string | undefined
  readonly errno: number | undefined
  readonly text: string
}

/** What came of it. */
export interface Reply {
  /** Undefined if the call never settled, because its error escaped. */
  readonly outcome: { readonly returned: unknown } | { readonly threw: Failure } | undefined
  /** Errors that no caller could catch. */
  readonly uncaught: readonly string[]
  /** What the descriptors lead to that were left open. */
  readonly open: readonly string[]
}

const { HOLDFAST_CALLS: path = '', HOLDFAST_CALLS_ROOT: root = '' } = process.env
const control = new Control(path)

let uncaught: string[] = []
let escaped: (() => void) | undefined
const noteUncaught = (error: unknown): void => {
  uncaught.push(error instanceof Error ? `${error.message}` : String(error))
  escaped?.()
}
process.on('uncaughtException', noteUncaught)
process.on('unhandledRejection', noteUncaught)

function failureOf(error: unknown): Failure {
  const { code, errno, cause } = (error ?? {}) as NodeJS.ErrnoException
  const why = (cause as NodeJS.ErrnoException | undefined)?.code
  return { code, errno, text: `${error}${why ? ` (cause: ${why})` : ''}` }
}

async function attempt({ act, form, dir }: Job): Promise<Reply['outcome']> {
  try {
    const returned = await actOf(act).call(dir, form)
    return { returned: typeof returned === 'object' ? 'an object' : returned }
  } catch (error) {
    return { threw: failureOf(error) }
  }
}

function openBelow(dir: string): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    // The one that lists them is gone.
    if (!lstatSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })) return []
    const where = readlinkSync(`/proc/self/fd/${fd}`)
    return where.startsWith(dir) ? [where.slice(root.length + 1)] : []
  })
}

/** What a call gives back may go on for a moment after it has ended. */
async function leftOpen(dir: string): Promise<string[]> {
  for (let tries = 0; tries < 20 && openBelow(dir).length > 0; tries++) await setTimeout(10)
  return openBelow(dir)
}

async function perform(job: Job): Promise<Reply> {
  uncaught = []
  const lost = new Promise<undefined>(resolve => {
    // A call whose error has escaped may settle all the same.
    escaped = () => void setTimeout(200).then(() => resolve(undefined))
  })
  control.arm(job.rule)
  const outcome = await Promise.race([attempt(job), lost])
  // Rejections that nothing handles are reported after the turn.
  await setImmediate()
  control.disarm()
  return { outcome, uncaught, open: await leftOpen(job.dir) }
}

process.on('message', async (job: Job) => process.send?.(await perform(job)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
