// Several processes want one dev server: whichever comes first starts it, and all use that. When it is killed, the next one
// that asks starts another. Run it: node dist/examples/one-dev-server.js

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { single } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

async function start(): Promise<{ url: string; pid: number }> {
  const server = createServer((_, response) => response.end(`process ${process.pid}`))
  await once(server.listen(0), 'listening')
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, pid: process.pid }
}

const [path] = process.argv.slice(2)
if (path) {
  const { isFirst, data } = await single(path, { start })
  const text = data && (await (await fetch(data.url)).text())
  process.send?.(`${isFirst ? 'started' : 'found'} the server of ${text}`)
  if (!isFirst) process.exit()
} else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const scratch = await dir({ prefix: 'holdfast-one-dev-server', unsafeCleanup: true })
  const ask = async (): Promise<ChildProcess> => {
    const child = fork(fileURLToPath(import.meta.url), [join(scratch.path, 'dev')])
    const [said] = await once(child, 'message')
    console.log(`Process ${child.pid} ${said}`)
    return child
  }
  for (const child of await Promise.all([ask(), ask(), ask()])) child.kill('SIGKILL')
  ;(await ask()).kill('SIGKILL')
}
