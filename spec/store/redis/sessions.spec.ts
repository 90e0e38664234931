// The sample `sessions`, which is on files, with the one line changed: on Redis. (What it imports changes with it.)

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, raced, scratch } from '../../support/kit.js'
import { noRedisStore } from '../../support/redis-engines.js'
import { startRedis } from '../../support/redis-server.js'

const top = fileURLToPath(new URL('../../../..', import.meta.url))
const name = 'the sample of sessions says the same on Redis as on files, with one line changed'

/** Replaces exactly one part of a program. */
function changed(program: string, part: string, to: string): string {
  assert.is(program.split(part).length, 2, part)
  return program.replace(part, () => to)
}

function onRedis(port: number): string {
  const redis = createRequire(join(top, 'spec', 'engines', 'package.json')).resolve('redis')
  const imports = `import redis from ${JSON.stringify(redis)}
import { redisStore } from ${JSON.stringify(import.meta.resolve('holdfast/redis'))}
const isServer = process.argv.length > 2
const client = redis.createClient({ url: 'redis://127.0.0.1:${port}' })
if (isServer) await client.connect()`
  let program = readFileSync(join(top, 'dist', 'examples', 'sessions.js'), 'utf8')
  program = changed(program, "import { fileStore } from 'holdfast/store';", imports)
  program = changed(program, "'tmp-promise'", JSON.stringify(import.meta.resolve('tmp-promise')))
  program = changed(program, 'fileStore(path)', "redisStore(client, { prefix: 'sessions' })")
  return `${program}\nif (isServer) await client.close()\n`
}

if (noRedisStore) raced.skip(name, noRedisStore)
else
  raced(name, async () => {
    const { port, stop } = await startRedis()
    try {
      const program = join(scratch(), 'sessions.mjs')
      writeFileSync(program, onRedis(port))
      const run = (file: string) => {
        const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 })
        assert.is(status, 0, stderr)
        return stdout.trim().split('\n').sort()
      }
      const said = run(program)
      assert.is(said.length, 6, said.join('\n'))
      assert.equal(said, run(join(top, 'dist', 'examples', 'sessions.js')))
    } finally {
      await stop()
    }
  })
