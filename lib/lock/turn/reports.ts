// What is said of locks to those that watch a process from outside: subscribers of two diagnostics channels, and those
// that started it with NODE_DEBUG=holdfast.

import { type Channel, channel } from 'node:diagnostics_channel'
import { type DebugLogger, debuglog } from 'node:util'

interface Reports {
  readonly wait: Channel
  readonly takeover: Channel
  readonly log: DebugLogger
}

/** Made by the first call, because nothing happens at import. Node 20 forgets the subscribers of channels that are not kept. */
let made: Reports | undefined

function reports(): Reports {
  made ??= { wait: channel('holdfast:wait'), takeover: channel('holdfast:takeover'), log: debuglog('holdfast') }
  return made
}

export function isHeard(name: 'wait' | 'takeover'): boolean {
  const { [name]: one, log } = reports()
  return one.hasSubscribers || log.enabled
}

/** `text`: the same in words. */
export function report(name: 'wait' | 'takeover', message: object, text: string): void {
  const { [name]: one, log } = reports()
  if (one.hasSubscribers) one.publish(message)
  if (log.enabled) log('%s', text)
}
