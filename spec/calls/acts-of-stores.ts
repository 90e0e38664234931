// The functions of a content store and of a limiter.

import { createHash } from 'node:crypto'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ContentStore, type ContentStoreOptions, contentStore } from 'holdfast/content'
import type { Decision } from 'holdfast/store'
import { shardOf } from '../../lib/content/layout.js'
import { type Act, type Form, inForm, patience } from './act.js'
import { newText, oldText } from './acts-of-files.js'
import { documented } from './acts-of-locks.js'
import { contentDir, limitedKey, limitsAt, limitsDir } from './tree-of-stores.js'

const digestOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('hex')}`
const [oldDigest, newDigest] = [digestOf(oldText), digestOf(newText)]
const nameOf = (digest: string): string => `blob ${digest.slice(0, 15)}`
const [oldBlob, newBlob] = [nameOf(oldDigest), nameOf(newDigest)]

/** Opens a store, calls a function of it, and closes it. */
function inStore(
  options: ContentStoreOptions,
  use: (store: ContentStore, form: Form, dir: string) => unknown,
): Act['call'] {
  return (dir, form) => {
    const store = contentStore(join(dir, contentDir), options)
    // Closing gives leases back, after which may be evicted what they kept.
    if (form === 'promise') return Promise.resolve(use(store, form, dir)).finally(() => store.close(patience))
    try {
      return use(store, form, dir)
    } finally {
      store.close.sync(patience)
    }
  }
}

const plantBlob = (dir: string): void => {
  const store = contentStore(join(dir, contentDir), { durability: 'none' })
  store.put.sync(oldText)
  store.close.sync()
}

/** As a process does that writes into a file that it has checked out. */
function plantDamaged(dir: string): void {
  plantBlob(dir)
  const shard = shardOf(join(dir, contentDir), oldDigest)
  const blob = join(shard, readdirSync(shard)[0] as string)
  chmodSync(blob, 0o644)
  writeFileSync(blob, newText.slice(0, oldText.length))
}

const put = (options: ContentStoreOptions = {}): Act['call'] =>
  inStore(options, (store, form) => inForm(store.put, form)(newText, patience))

export const actsOfStores: readonly Act[] = [
  { name: 'content-put', plant: () => {}, call: put(), becomes: { [newBlob]: newText }, documented },
  {
    name: 'content-put-beside',
    onlyAtFullSize: true,
    plant: plantBlob,
    call: put({ durability: 'full', maxBytes: 1e6 }),
    becomes: { [oldBlob]: oldText, [newBlob]: newText },
    documented,
    syncsFirst: true,
  },
  {
    name: 'content-checkout',
    plant: plantBlob,
    call: inStore({ durability: 'none' }, (store, form, dir) =>
      inForm(store.checkout, form)(oldDigest, join(dir, 'out'), patience),
    ),
    becomes: { [oldBlob]: oldText, out: oldText },
    returns: ['linked', 'copied', 'already'],
    documented,
  },
  {
    name: 'content-checkout-copy',
    onlyAtFullSize: true,
    plant: plantBlob,
    call: inStore({ durability: 'none' }, (store, form, dir) =>
      inForm(store.checkout, form)(oldDigest, join(dir, 'out'), { ...patience, mode: 'copy' }),
    ),
    becomes: { [oldBlob]: oldText, out: oldText },
    returns: ['copied', 'already'],
    documented,
  },
  {
    name: 'content-evict',
    plant: plantBlob,
    call: inStore({ maxBytes: 0, durability: 'none' }, (store, form) => inForm(store.evict, form)(patience)),
    becomes: {},
    documented,
  },
  {
    name: 'content-remove',
    plant: plantBlob,
    call: inStore({ durability: 'none' }, (store, form) => inForm(store.remove, form)(oldDigest, patience)),
    becomes: {},
    documented,
  },
  {
    name: 'content-verify',
    onlyAtFullSize: true,
    plant: plantDamaged,
    call: inStore({ durability: 'none' }, (store, form) => inForm(store.verify, form)(patience)),
    becomes: { [`bad ${oldDigest.slice(0, 15)}`]: newText.slice(0, oldText.length) },
    documented,
  },
  {
    name: 'limiter-hit',
    plant: () => {},
    call(dir, form) {
      const { hit } = limitsAt(dir)
      if (form === 'sync') return allowedIn(hit.sync(limitedKey, patience))
      return hit(limitedKey, patience).then(allowedIn)
    },
    becomes: { [limitsDir]: '1' },
    // Whatever was reported, this hit is the one that is counted.
    returns: [true],
    documented,
  },
]

/** A hit of which the limiter does not know whether it was counted says so, and is denied. */
function allowedIn({ allowed, unknown }: Decision): boolean {
  if (unknown) throw Object.assign(new Error('not known'), { code: 'ERR_UNKNOWN_OUTCOME' })
  return allowed
}
