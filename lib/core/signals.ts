// One listener for each signal, however many calls share it: Node takes more than ten listeners for a leak, and warns.

interface Shared {
  /** What is called when the signal is aborted. */
  readonly calls: Set<() => void>
  readonly listener: () => void
}

const shared = new WeakMap<AbortSignal, Shared>()

/** Calls `call` when the signal is aborted. Returns how to stop listening. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const { calls, listener } = shared.get(signal) ?? listenTo(signal)
  calls.add(call)
  return () => {
    if (!calls.delete(call) || calls.size > 0) return
    // A signal may live as long as the process, and nothing listens any more.
    signal.removeEventListener('abort', listener)
    shared.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Shared {
  const calls = new Set<() => void>()
  const listener = () => {
    for (const call of [...calls]) call()
  }
  signal.addEventListener('abort', listener, { once: true })
  const one = { calls, listener }
  shared.set(signal, one)
  return one
}
