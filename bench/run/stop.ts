// Ctrl-C and other signals: what is under way ends and cleans up, and the exit code says which signal ended the
// process.

const stop = new AbortController()

/** Aborted when the run must end. Long work takes this signal, or checks it between its steps. */
export const stopped: AbortSignal = stop.signal

/** Runs a program. If a signal ended it, the exit code is that of the signal. */
export async function runToItsEnd(program: () => Promise<void>): Promise<void> {
  for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
    process.on(signal, () => stop.abort(code))
  }
  // The reader of our output has closed it: `| head`, for example.
  process.stdout.on('error', () => stop.abort(141))
  try {
    await program()
  } catch (error) {
    if (!stopped.aborted) throw error
  }
  if (!stopped.aborted) return
  if (stopped.reason !== 141) console.error('\nStopped. Everything that was begun has been removed.')
  // Does not wait for work whose result is no longer needed.
  process.exit(stopped.reason as number)
}
