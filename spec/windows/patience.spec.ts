// What Windows reports of a name that others have open is waited for; `timeout` and `signal` end that, and nothing is left.

// First: it stands before the library.
import './failing.js'

import { cases, treeCases } from '../support/cases.js'
import { assert, holds, note, scratch } from '../support/kit.js'
import { failing } from './failing.js'
import { isWindows } from './flavour.js'

// A release, and what is put back, goes on for all of `retryFor`: in the sync form, and in `withLock`, that is waited for.
const timeout = 100
const why = 'elsewhere these errors are no reason to wait'

/** Milliseconds from the time-out to the end. */
async function lateness(run: () => unknown): Promise<{ late: number; error: NodeJS.ErrnoException | undefined }> {
  const began = performance.now()
  let error: NodeJS.ErrnoException | undefined
  try {
    await run()
  } catch (thrown) {
    error = thrown as NodeJS.ErrnoException
  }
  return { late: performance.now() - began - timeout, error }
}

/** Which calls fail with which code: each function makes some of them. */
const inner = { EPERM: ['rename', 'link'], EBUSY: ['rename'], EACCES: ['unlink', 'rmdir'] } as const

for (const code of ['EPERM', 'EBUSY', 'EACCES'] as const) {
  const name = `${code} of each call that changes names, for as long as the call lasts: each function ends in time, in both forms`
  if (!isWindows) holds.skip(name, why)
  else
    holds(
      name,
      async () => {
        const all: number[] = []
        const wrong: string[] = []
        // The directory of `tempDir` is removed by a method, which has no time-out.
        for (const one of [...cases, ...treeCases].filter(({ name }) => name !== 'tempDir'))
          for (const op of inner[code])
            for (const form of ['call', 'sync'] as const) {
              const [dir, across] = [scratch(), scratch()]
              one.lay?.(dir, across)
              Object.assign(failing, { code, ops: new Set([op]), times: 0, last: undefined })
              const { late, error } = await lateness(() => one[form](dir, across, { timeout, retryFor: 1_000 }))
              const { times } = failing
              failing.code = undefined
              if (times === 0) continue
              all.push(late)
              const isKnown = error === undefined || ['ERR_TIMEOUT', 'ERR_LOCK_HELD', code].includes(error.code ?? '')
              if (!isKnown || (form === 'call' && late > 5_000))
                wrong.push(`${one.name} ${op} ${form}: ${error}, ${late} ms`)
            }
        all.sort((a, b) => a - b)
        const figures = [0.5, 0.9, 0.99, 1].map(part => Math.round(all[Math.ceil(part * all.length) - 1] as number))
        note(`${code}: ${all.length} calls; ms after the time-out, median, 90 %, 99 %, longest: ${figures.join(', ')}`)
        assert.equal(wrong, [])
        assert.ok(all.length > 10)
      },
      { timeout: 900_000 },
    )
}
