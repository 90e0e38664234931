// What is tried of the content store on every runtime.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { contentStore } from 'holdfast/content'
import type { Row } from './row.js'

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

export const contentRow: Row = {
  name: 'contentStore',
  forms: ['promise', 'sync'],
  async run(form, dir) {
    const isSync = form === 'sync'
    const store = contentStore(join(dir, 'content'))
    const { digest, lease } = isSync ? store.put.sync('bytes') : await store.put('bytes')
    const read = isSync ? store.read.sync(digest) : await store.read(digest)
    expect(read?.toString() === 'bytes', `these bytes: ${read}`)
    const to = join(dir, 'out')
    const how = isSync ? store.checkout.sync(digest, to) : await store.checkout(digest, to)
    expect(readFileSync(to, 'latin1') === 'bytes' && how !== undefined, `it was ${how}`)
    isSync ? lease.release.sync() : await lease.release()
    const removed = isSync ? store.remove.sync(digest) : await store.remove(digest)
    expect(removed, 'it is still there')
    expect(!(isSync ? store.has.sync(digest) : await store.has(digest)), 'it is found')
    await store.close()
  },
}
