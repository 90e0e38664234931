// Four processes of one HTTP server share a limit of 20 requests a minute for each client, whichever of them a request comes
// to. Run it: node dist/examples/rate-limit.js

import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { limiter } from 'holdfast/store'
import { dir, setGracefulCleanup } from 'tmp-promise'

if (cluster.isWorker) {
  const limits = limiter(process.env.LIMITS as string, { limit: 20, per: 60_000 })
  const server = createServer(async ({ url = '' }, response) => {
    const { allowed, retryAfter } = await limits.hit(url.slice(1))
    const headers = { 'x-process': process.pid, 'retry-after': `${Math.ceil(retryAfter / 1000)}` }
    response.writeHead(allowed ? 200 : 429, headers).end()
  })
  server.listen(0, '127.0.0.1')
} else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const scratch = await dir({ prefix: 'holdfast-rate-limit', unsafeCleanup: true })
  const workers = Array.from({ length: 4 }, () => cluster.fork({ LIMITS: scratch.path }))
  const [[{ port }]] = (await Promise.all(workers.map(worker => once(worker, 'listening')))) as [[{ port: number }]]
  const ask = async (client: string): Promise<IncomingMessage> => {
    const [response] = await once(get({ port, path: `/${client}`, agent: false }), 'response')
    return response.resume()
  }
  for (const [client, requests] of Object.entries({ anna: 60, berta: 15 })) {
    const responses = await Promise.all(Array.from({ length: requests }, () => ask(client)))
    const allowed = responses.filter(({ statusCode }) => statusCode === 200).length
    const processes = new Set(responses.map(({ headers }) => headers['x-process'])).size
    const waits = responses.map(({ headers }) => Number(headers['retry-after']))
    console.log(`${client}: ${allowed} of ${requests}, by ${processes} processes; try again in ${Math.max(...waits)} s`)
  }
  for (const worker of workers) worker.kill()
}
