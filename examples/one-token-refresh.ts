// Eight processes share one login. When the server rejects its token, one of them exchanges that for the next, which can be
// done only once, and all others get the new one. Run it: node dist/examples/one-token-refresh.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { fileStore, getOrSet, type Task } from 'holdfast/store'
import { dir, setGracefulCleanup } from 'tmp-promise'

const [path, url] = process.argv.slice(2)
if (path && url) {
  const tokens = fileStore<string>(path)
  const exchange = async ({ previous }: Task<string>) =>
    (await fetch(`${url}/exchange/${previous?.value ?? 'password'}`)).text()
  let token = await getOrSet(tokens, 'token', exchange)
  for (let rejections = 0; rejections < 10; rejections++) {
    while ((await fetch(`${url}/use/${token.value}`)).ok);
    token = await getOrSet(tokens, 'token', exchange, { refresh: token.version })
  }
} else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const exchanged: string[] = []
  let uses = 0
  const server = createServer(({ url = '' }, response) => {
    const [, what, token = ''] = url.split('/')
    if (what === 'exchange') response.end(`${exchanged.push(token)}`)
    else response.writeHead(token === `${exchanged.length}` && ++uses % 20 > 0 ? 200 : 401).end()
  })
  await once(server.listen(0), 'listening')
  const scratch = await dir({ prefix: 'holdfast-one-token-refresh', unsafeCleanup: true })
  const args = [scratch.path, `http://localhost:${(server.address() as AddressInfo).port}`]
  const children = Array.from({ length: 8 }, () => fork(fileURLToPath(import.meta.url), args))
  await Promise.all(children.map(child => once(child, 'exit')))
  console.log(`${exchanged.length} tokens were exchanged, ${exchanged.length - new Set(exchanged).size} of them twice`)
  server.close()
}
