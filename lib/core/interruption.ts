// The errors that stop a call as a whole, between two of its steps: an abort or a time-out. They are apart from the
// deadline that throws them (./deadline.ts), so that an algorithm can recognise them without importing the door.

/** The same name, code and message as Node's own. */
export const abortError = (reason: unknown): Error =>
  interruption('AbortError', 'ABORT_ERR', 'The operation was aborted', reason)

/** `lastError` is the last error that the algorithm met. It becomes the `cause`. */
export const timeoutError = (ms: number, lastError: unknown): Error =>
  interruption('TimeoutError', 'ERR_TIMEOUT', `The operation timed out after ${ms} ms`, lastError)

const interruptions = new WeakSet<object>()

/** Did this error stop the call as a whole? If not, one of the steps threw it. */
export const isInterruption = (error: unknown): boolean => interruptions.has(error as object)

/** Was it the time-out that stopped the call? */
export const isTimeout = (error: unknown): boolean =>
  isInterruption(error) && (error as NodeJS.ErrnoException).code === 'ERR_TIMEOUT'

const explained = new WeakSet<object>()

/** A step was being retried when the time-out came: its failure is the cause, and not what a look has met after it. */
export function explainTimeout(error: unknown, failure: unknown): void {
  if (!isTimeout(error) || isInterruption(failure) || explained.has(error as object)) return
  explained.add(error as object)
  Object.defineProperty(error, 'cause', { value: failure, configurable: true, writable: true })
}

function interruption(name: string, code: string, message: string, cause: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  interruptions.add(error)
  return Object.assign(Object.defineProperty(error, 'name', { value: name, configurable: true }), { code })
}
