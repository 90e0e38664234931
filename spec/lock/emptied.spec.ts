// A lock's directory that is empty, or has two tokens in it.

import { cpSync, mkdirSync, readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getOrCreate, lock, updateFile, withLock } from 'holdfast'
import { drive, release } from 'holdfast/steps'
import { spellState, successor } from '../../lib/cell/state.js'
import { through } from '../broken/interfere.js'
import { atOnce } from '../support/at-once.js'
import { assert, everyPlace, holds, scratch } from '../support/kit.js'
import { stateOf } from '../support/locks.js'

const onWindows = process.platform === 'win32'

/** A lock whose token a cleaner has removed, because it is old. */
function emptied(path: string): void {
  const [token = ''] = readdirSync(`${path}.lock`)
  unlinkSync(join(`${path}.lock`, token))
}

if (onWindows) holds.skip('an emptied lock is free', 'the system keeps no mark of a directory')
else
  for (const { kind, dir } of everyPlace)
    holds(`on ${kind}, an emptied lock is free at once, and its fence goes on`, async () => {
      const top = scratch(dir)
      for (const [nth, take] of Object.entries({
        try: (path: string) => lock.try(path),
        sync: (path: string) => lock.sync(path, { timeout: 5_000 }),
        wait: (path: string) => lock(path, { timeout: 5_000 }),
      })) {
        const path = join(top, nth)
        const first = await withLock(path, ({ fence }) => fence)
        emptied(path)
        assert.is(await lock.holder(path), undefined)
        const lease = await take(path)
        assert.ok((lease?.fence ?? 0) > first)
        // A cleaner comes while it is held.
        emptied(path)
        await assert.rejects(lease?.renew() as Promise<void>, { code: 'ERR_LEASE_LOST', message: /empty/ })
        assert.is(await withLock(path, () => 'again'), 'again')
      }
      const made = join(top, 'made')
      await getOrCreate(made, () => 'x')
      await updateFile(made, () => 'y')
      emptied(made)
      await updateFile(made, () => 'z')
      assert.is(await lock.holder(made), undefined)
    })

holds('two tokens of which neither came of the other are an error at once, which says what helps', async () => {
  const [one, two] = [join(scratch(), 'thing'), join(scratch(), 'thing')]
  for (const path of [one, two]) await withLock(path, () => {})
  cpSync(`${two}.lock`, `${one}.lock`, { recursive: true })
  const expected = { code: 'ERR_NOT_A_CELL', message: /two states are in it.*remove the directory/ }
  for (const call of [() => lock.try(one), () => lock(one), () => lock.holder(one), () => updateFile(one, () => 'x')])
    await atOnce(500, () => assert.rejects(call() as Promise<unknown>, expected))
  unlinkSync(join(`${one}.lock`, readdirSync(`${one}.lock`)[0] ?? ''))
  await withLock(one, () => {})
})

holds('two tokens of one rename are looked at again, for a second', async () => {
  const path = join(scratch(), 'thing')
  await withLock(path, () => {})
  const now = stateOf(path)
  const next = spellState(successor(now, { fields: now.fields }, '0123456789abcdef'))
  writeFileSync(join(`${path}.lock`, next), '')
  let looks = 0
  const taking = through(lock.steps(path), call => {
    if (call.op === 'readdir' && ++looks === 3) unlinkSync(join(`${path}.lock`, spellState(now)))
    return call
  })
  await drive(release(await drive(taking)))
  assert.ok(looks >= 3)
  // They stay.
  const later = stateOf(path)
  writeFileSync(join(`${path}.lock`, spellState(successor(later, { fields: later.fields }, 'f'.repeat(16)))), '')
  const began = performance.now()
  await assert.rejects(lock.try(path), { code: 'ERR_NOT_A_CELL', message: /of the past/ })
  const ms = performance.now() - began
  assert.ok(ms > 900 && ms < 60_000, `${ms}`)
})

holds('an emptied lock is free where the directory above has been moved to', async () => {
  const top = scratch()
  mkdirSync(join(top, 'a'))
  await withLock(join(top, 'a/thing'), () => {})
  renameSync(join(top, 'a'), join(top, 'b'))
  emptied(join(top, 'b/thing'))
  if (!onWindows) assert.is(await withLock(join(top, 'b/thing'), () => 'free'), 'free')
})
