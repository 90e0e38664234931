// All keys, a page at a time.

import { dual } from '../../core/dual.js'
import { checkNames } from '../../core/option-names.js'
import type { Steps } from '../../core/steps.js'
import { checkOpen } from '../../parts/life.js'
import type { Kept } from '../backing.js'
import type { KeysOptions } from '../contract.js'
import { isLive } from '../expiry.js'
import type { Inner } from '../inner.js'
import { asText } from '../keys.js'

type Pair = readonly [key: string, kept: Kept]

/** Runs `work` for each page of states. */
export function* eachPage(
  { backing }: Pick<Inner<unknown>, 'backing'>,
  prefix: string,
  work: (entries: readonly Pair[]) => Steps<unknown>,
): Steps<void> {
  let cursor: unknown
  do {
    const page = yield* backing.list(prefix, cursor)
    yield* work(page.entries)
    cursor = page.cursor
  } while (cursor !== undefined)
}

const optionNames: ReadonlySet<string> = new Set(['prefix'] satisfies (keyof KeysOptions)[])

/** Makes `keys` of a store: each page is read when it is asked for. */
export function keysOf<T>(inner: Inner<T>) {
  const readPage = dual(function* storeKeys(
    prefix: string,
    cursor: unknown,
  ): Steps<{ keys: string[]; cursor: unknown }> {
    checkOpen(inner.life)
    const page = yield* inner.backing.list(prefix, cursor)
    const keys = page.entries.filter(([, kept]) => isLive(kept)).map(([key]) => key)
    return { keys, cursor: page.cursor }
  })
  return (options: KeysOptions = {}): AsyncIterable<string> & Iterable<string> => {
    checkNames(options, optionNames, 'options')
    const prefix = asText(options.prefix ?? '', 'options.prefix')
    return {
      async *[Symbol.asyncIterator]() {
        for (let cursor: unknown, more = inner.reads; more; more = cursor !== undefined) {
          const page = await readPage(prefix, cursor)
          yield* page.keys
          cursor = page.cursor
        }
      },
      *[Symbol.iterator]() {
        for (let cursor: unknown, more = inner.reads; more; more = cursor !== undefined) {
          const page = readPage.sync(prefix, cursor)
          yield* page.keys
          cursor = page.cursor
        }
      },
    }
  }
}
