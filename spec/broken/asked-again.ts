// Changes over a server that has get and set: what was cut off is done once more, as clients do it that retry by themselves.

import type { Entry, Store } from 'holdfast/store'

type Send = (...command: string[]) => Promise<unknown>

async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch {
      // The connection comes back.
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
}

/** As much of a store as a change by a function takes. */
export function askedAgain(send: Send): Store<string> {
  const get = async (key: string) => ({ value: String(await send('GET', key)) }) as Entry<string>
  const create = async (key: string, value: string) => ({ ok: (await send('SET', key, value)) === 'OK' })
  const update = (key: string, by: (old: Entry<string>) => string) => again(async () => create(key, by(await get(key))))
  return { get: (key: string) => again(() => get(key)), create, update } as unknown as Store<string>
}
