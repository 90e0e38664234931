// Several processes change one configuration file at the same time, each its own part of it. Without a lock, a process
// that reads, computes and writes would lose the changes that others made meanwhile. `updateFile` loses none.
// Run it: node dist/examples/config-file.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { updateFile } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

interface Config {
  readonly starts: number
  readonly plugins: Readonly<Record<string, number>>
}
const times = 50

async function configure(file: string, plugin: string): Promise<void> {
  const change = ({ starts, plugins }: Config = { starts: 0, plugins: {} }) => ({
    starts: starts + 1,
    plugins: { ...plugins, [plugin]: (plugins[plugin] ?? 0) + 1 },
  })
  for (let i = 0; i < times; i++) await updateFile<Config>(file, change, { json: true })
}

const [file, plugin] = process.argv.slice(2)
if (file && plugin) await configure(file, plugin)
else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const scratch = await dir({ prefix: 'holdfast-config-file', unsafeCleanup: true })
  const config = join(scratch.path, 'config.json')
  await writeFile(config, JSON.stringify({ starts: 0, plugins: {} }, null, 4))
  const processes = ['red', 'green', 'blue', 'grey'].map(one => fork(fileURLToPath(import.meta.url), [config, one]))
  await Promise.all(processes.map(one => once(one, 'exit')))
  console.log(`${processes.length} processes made ${times} changes each:\n${await readFile(config, 'utf8')}`)
  await scratch.cleanup()
}
