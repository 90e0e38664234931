// Ctrl-C, and its like: whatever is under way ends, cleans up, and the process says by its exit code what ended it.

const stop = new AbortController()

/** Aborted when the run is to end. Long work takes it, or looks at it between its steps. */
export const stopped: AbortSignal = stop.signal

/** Runs a program; what it throws is told in one line, and the exit code is that of the signal that ended it. */
export async function runToItsEnd(program: () => Promise<void>): Promise<void> {
  for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
    process.on(signal, () => stop.abort(code))
  }
  // Whoever was reading our output has had enough.
  process.stdout.on('error', () => stop.abort(141))
  try {
    await program()
  } catch (error) {
    if (!stopped.aborted) throw error
  }
  if (!stopped.aborted) return
  if (stopped.reason !== 141) console.error('\nStopped; what was begun is removed.')
  // Not waiting for what nobody needs any more.
  process.exit(stopped.reason as number)
}
