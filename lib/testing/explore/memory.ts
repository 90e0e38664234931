// What came of a step. A schedule begins as the one before it did, and a directory that was built by the same calls shows
// the same: so calls that change nothing are not made again, and take no time.

import type { Call, Op } from '../../core/steps.js'
import { BadWorld } from './bad-world.js'
import type { Attempt } from './faults.js'
import { Listing, Opening } from './listing.js'
import { describeResult } from './trace.js'

/** What came of a call, also in words. */
interface InWords extends Attempt {
  readonly result: string
}

/** The memory of one step: that of a fork, for the choice that is taken there now. */
export class Memory {
  kept: Kept | undefined
}

interface Kept {
  readonly op: Op
  readonly result: string
  /** Undefined if the call must be made again, because it changes something, or opens something. */
  readonly again: (() => Attempt) | undefined
}

/** Returns what came of a call. Makes it, unless this step was taken before and the call shows the same again. */
export function outcomeOf(call: Call, memory: Memory | undefined, make: () => Attempt): InWords {
  const kept = memory?.kept
  if (kept && kept.op !== call.op)
    throw new BadWorld(
      `The players are not the same in each schedule: ${call.op} is called where ${kept.op} was called`,
    )
  if (kept?.again) return { ...kept.again(), result: kept.result }
  const attempt = make()
  const { value, error } = attempt
  const result = kept?.result ?? describeResult(call, error === undefined ? { value } : { error })
  if (memory && !kept) memory.kept = { op: call.op, result, again: repeat(call, attempt) }
  return { ...attempt, result }
}

/** Each player gets a list or an error of its own, because it may change that. */
function repeat({ op, args }: Call, attempt: Attempt): (() => Attempt) | undefined {
  if (!attempt.done) return repeatError(attempt.error)
  if (args[0] instanceof Opening || args[0] instanceof Listing) return undefined
  switch (op) {
    case 'stat':
    case 'lstat':
    case 'fstat':
    case 'exists':
    case 'readlink':
    case 'realpath':
      return () => attempt
    case 'readdir':
    case 'list': {
      const entries = [...(attempt.value as unknown[])]
      return () => ({ done: true, value: [...entries] })
    }
    default:
      return undefined
  }
}

function repeatError(error: unknown): (() => Attempt) | undefined {
  if (Object.getPrototypeOf(error) !== Error.prototype) return undefined
  const { message } = error as Error
  const details = { ...(error as Error) }
  return () => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    const again = Object.assign(new Error(message), details)
    Error.stackTraceLimit = stackTraceLimit
    return { done: false, error: again }
  }
}
