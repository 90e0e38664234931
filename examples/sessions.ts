// Two servers share sessions. One begins with a placeholder, then its slow backends start, and it is stored only if it is still
// there: one that was ended meanwhile stays ended, for both servers. Run it: node dist/examples/sessions.js

import { fork } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fileStore } from 'holdfast/store'
import { dir, setGracefulCleanup } from 'tmp-promise'

const [path = 'sessions', server] = process.argv.slice(2)
// On several machines it is redisStore(client, { prefix: 'sessions' }), of holdfast/redis: the one line that changes.
const sessions = fileStore<string[]>(path)
const say = (text: string) => process.send?.(`${server}: ${text}`)
const hour = 3_600_000

async function begin(id: string): Promise<void> {
  if (!(await sessions.create(id, [], { ttl: 60_000 })).ok)
    return void say(`${id} was not begun: it is taken, or has ended`)
  await setTimeout(1_000)
  const { ok } = await sessions.update(id, ['mail', 'files'], { ttl: hour })
  say(ok ? `${id} is ready` : `${id} was ended meanwhile, so its backends are stopped`)
}

if (server === 'first') await Promise.all([begin('anna'), begin('berta')])
else if (server === 'second') {
  while (!(await sessions.get('berta'))) await setTimeout(5)
  await sessions.remove('berta', { tombstone: hour, timeout: 5_000 })
  await Promise.all([begin('berta'), setTimeout(1_500)])
  for (const id of ['anna', 'berta', 'cleo']) {
    const session = await sessions.get(id, { touch: hour })
    say(`${id} ${session?.gone ? 'has ended' : session ? `has ${session.value.join(' and ')}` : 'is unknown'}`)
  }
} else {
  setGracefulCleanup()
  const scratch = await dir({ prefix: 'holdfast-sessions', unsafeCleanup: true })
  for (const name of ['first', 'second'])
    fork(fileURLToPath(import.meta.url), [scratch.path, name]).on('message', text => console.log(text))
}
