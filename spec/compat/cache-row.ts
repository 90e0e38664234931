// What is tried of the cache on every runtime.

import { ValidatingCache } from 'holdfast/cache'
import { byHand, leavers, settled } from '../support/caches.js'
import type { Row } from './row.js'

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

export const cacheRow: Row = {
  name: 'ValidatingCache',
  forms: ['promise'],
  async run() {
    const { load, at } = byHand<string>()
    const { left, onEvict } = leavers()
    const cache = new ValidatingCache({ max: 2, load, onEvict, check: () => 'valid' })
    const stop = new AbortController()
    const first = cache.get('a', { signal: stop.signal }).catch(error => error)
    const second = cache.use('a', value => `used ${value}`)
    stop.abort()
    expect((await first).code === 'ABORT_ERR', 'a caller does not leave')
    cache.set('a', 'set')
    expect((await second) === 'used set' && at(0).signal.aborted, 'a set does not end the load')
    at(0).resolve('loaded')
    await settled()
    const third = cache.get('b')
    cache.delete('b')
    at(1).resolve('late')
    expect((await third).value === 'late' && cache.peek('b') === undefined, 'a delete during the load is lost')
    expect((await cache.get('a')).source === 'hit', 'a value that is there was not found')
    await cache.close()
    const all = ['a loaded lost', 'b late deleted', 'a set closed']
    expect(left.join() === all.join(), `these left: ${left}`)
  },
}
