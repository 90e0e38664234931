/** What `explore` throws when the world itself is wrong, so that its endings prove nothing. */
export class BadWorld extends Error {}

/** `setup` and `check` must be synchronous: the explorer would not wait for what a promise finds out. */
export function refusePromise(name: string, returned: unknown): void {
  if (isThenable(returned))
    throw new BadWorld(`\`${name}\` returns a promise, and the explorer does not wait: make it sync`)
}

export const isThenable = (value: unknown): boolean =>
  typeof (value as PromiseLike<unknown> | null)?.then === 'function'

/** The player waits for something that the explorer cannot order: a promise, a timer, an event. */
export const waitsOutside = (player: string, what: unknown): BadWorld =>
  new BadWorld(`Player ${player} waits outside the door: for ${String(what)}, which is no call`)
