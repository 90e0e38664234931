// A proxy on loopback that cuts connections where a spec says: before a request has gone on, or when the server has replied
// and the reply has not come back. A request may go on late, too, when its client has given it up.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** `request`: the server never sees it. `reply`: the client never sees that. `late`: the server sees it after the cut. */
export type Cut = 'request' | 'reply' | 'late'

export interface CuttingProxy {
  readonly port: number
  /** How many requests have come since `reset`. */
  readonly requests: number
  /** Counts anew, and cuts at that request, counted from 0; undefined: at none. */
  reset(at?: number, how?: Cut): void
  /** Waits until what is on its way late has arrived, and the server has made of it what it will. */
  arrived(): Promise<void>
  /** Holds back all replies, as a server does that is slow, and lets them go. */
  stall(isStalled: boolean): void
  /** Cuts every connection. */
  cutAll(): void
  close(): Promise<void>
}

/** For how long (ms) a late request is on its way. */
const lateMs = 30

export async function startProxy(toPort: number): Promise<CuttingProxy> {
  const plan = { requests: 0, at: undefined as number | undefined, how: 'request' as Cut, isStalled: false }
  const ends = new Set<() => void>()
  const stalled: (() => void)[] = []
  const late = new Set<Promise<unknown>>()
  const server = createServer(client => {
    const target = connect(toPort, '127.0.0.1')
    for (const socket of [client, target]) socket.setNoDelay(true).on('error', () => {})
    const end = () => {
      client.destroy()
      target.destroy()
      ends.delete(end)
    }
    ends.add(end)
    client.once('close', () => closed(target))
    target.once('close', end)
    let swallows = false
    client.on('data', data => {
      const cut = plan.requests++ === plan.at ? plan.how : undefined
      if (cut === 'request') return end()
      if (cut === 'reply') swallows = true
      if (cut === 'late') {
        setTimeout(() => target.write(data), lateMs)
        late.add(new Promise(resolve => target.once('close', resolve)))
        swallows = true
        client.destroy()
        return
      }
      target.write(data)
    })
    target.on('data', data => {
      if (swallows) return end()
      const pass = () => void client.write(data)
      if (plan.isStalled) stalled.push(pass)
      else pass()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    get requests() {
      return plan.requests
    },
    reset(at, how = 'request') {
      Object.assign(plan, { requests: 0, at, how })
    },
    async arrived() {
      await Promise.all(late)
    },
    stall(isStalled) {
      plan.isStalled = isStalled
      if (!isStalled) for (const pass of stalled.splice(0)) pass()
    },
    cutAll() {
      for (const end of [...ends]) end()
    },
    async close() {
      for (const end of [...ends]) end()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The server reads what is on its way before it sees the end. */
const closed = (target: Socket): void => void setTimeout(() => target.end(), 2 * lateMs)
