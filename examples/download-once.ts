// Several processes need one file from the network. One of them downloads it, the others wait for that one, and no
// process ever sees part of the file. Run it: node dist/examples/download-once.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getOrCreate, type Producer } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

async function use(port: string, place: string): Promise<void> {
  // A reply that is not ok is an error, and never stored.
  const download: Producer = (_, { signal }) => fetch(`http://localhost:${port}/model.bin`, { signal })
  const { path, made } = await getOrCreate(join(place, 'cache', 'model.bin'), download, { parents: true })
  console.log(`Process ${process.pid} ${made ? 'downloaded it' : 'found it there'}: ${(await stat(path)).size} bytes`)
}

const [port, place] = process.argv.slice(2)
if (port && place) await use(port, place)
else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const scratch = await dir({ prefix: 'holdfast-download-once', unsafeCleanup: true }) // gone with the process
  let asked = 0
  const server = createServer((_, response) => {
    // Slowly, so that every process asks while the download is under way.
    setTimeout(() => response.end(Buffer.alloc(5e6, 'model')), 300 * ++asked)
  })
  await once(server.listen(0).unref(), 'listening')
  const args = [String((server.address() as { port: number }).port), scratch.path]
  const processes = Array.from({ length: 6 }, () => fork(fileURLToPath(import.meta.url), args))
  const codes = await Promise.all(processes.map(async one => (await once(one, 'exit'))[0]))
  console.log(`The server was asked ${asked} times`)
  process.exitCode = codes.every(code => code === 0) && asked === 1 ? 0 : 1
}
