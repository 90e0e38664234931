// A program whose timers and clocks stand still, as those of its tests do under Jest, vitest and Sinon: no call waits for them.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'
import { assert, holds, memory, scratch } from '../support/kit.js'

const child = fileURLToPath(new URL('fake-timers.js', import.meta.url))

holds('each function comes to its end while the timers and clocks of the program stand still', () => {
  const args = [child, scratch(), scratch(memory)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  const expected = [
    ...[...cases, ...storeCases, ...treeCases].map(({ name }) => name),
    'a lock is waited for: ERR_LOCK_HELD',
    'a wait is stopped: ABORT_ERR',
    'a lock is waited for, and got',
    '200 calls at once',
    'a face tries again: ELOCKED',
    'a failure: ENOTDIR',
  ]
  assert.equal(stdout.split('\n').slice(0, -1), expected, stderr)
  assert.is(status, 0, stderr)
})
