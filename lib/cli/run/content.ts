// Bytes by their digest.

import type { ContentStore } from '../../content/contract.js'
import type { ContentStoreOptions } from '../../content/options.js'
import { contentStore } from '../../content.js'
import type { Call } from '../command.js'
import { status } from '../failure.js'
import { inputOf } from '../pipe.js'

async function within<T>(
  { operands: [dir = ''] }: Call,
  use: (store: ContentStore) => Promise<T>,
  options: ContentStoreOptions = {},
): Promise<T> {
  await using store = contentStore(dir, options)
  return await use(store)
}

export const runPut = (call: Call): Promise<number> =>
  within(call, async store => {
    const { given, say, signal } = call
    const options = { signal, digest: given.text('digest'), executable: given.flag('executable') }
    const blob = await store.put(inputOf(call), { ...options, onProgress: say.progress })
    const { digest, integrity, size, made } = blob
    say.result({ digest, integrity, size, made }, digest)
    return 0
  })

export const runCheckout = (call: Call): Promise<number> =>
  within(call, async store => {
    const { given, operands, say, signal } = call
    const [, digest = '', to = ''] = operands
    const done = await store.checkout(digest, to, {
      signal,
      mode: given.flag('copy') ? 'copy' : 'auto',
      replace: given.flag('force'),
      executable: given.flag('executable'),
      parents: given.flag('parents'),
    })
    say.result({ checkedOut: done ?? null })
    if (done !== undefined) return 0
    say.remark(`it is not there: ${digest}`)
    return status.no
  })

export const runEvict = (call: Call): Promise<number> => {
  const { given } = call
  const limits = {
    maxBytes: given.size('max-bytes'),
    maxCount: given.integer('max-count', 0, Number.MAX_SAFE_INTEGER),
    maxAge: given.duration('max-age'),
  }
  return within(
    call,
    async store => {
      const evicted = await store.evict({ signal: call.signal })
      call.say.result(evicted, `evicted ${evicted.count} (${evicted.bytes} bytes), left ${evicted.left.count}`)
      return 0
    },
    limits,
  )
}

export const runVerify = (call: Call): Promise<number> =>
  within(call, async store => {
    const { say, signal } = call
    const verified = await store.verify({ signal, onProgress: say.progress })
    if (say.isJson) say.result(verified)
    else for (const digest of verified.bad) say.line(digest)
    say.detail(`${verified.checked} checked, ${verified.bad.length} damaged`)
    return verified.bad.length > 0 ? status.no : 0
  })
