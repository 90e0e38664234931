/** Thrown by `explore` when the world itself is wrong, so that nothing can be said about its endings. */
export class BadWorld extends Error {}

/** Refuses a promise where the world must be synchronous: what it finds would come too late to be counted. */
export function refusePromise(name: string, returned: unknown): void {
  if (isThenable(returned))
    throw new BadWorld(`\`${name}\` returns a promise, and the explorer does not wait: make it sync`)
}

export const isThenable = (value: unknown): boolean =>
  typeof (value as PromiseLike<unknown> | null)?.then === 'function'

/** The player waits for something that the explorer cannot order: a promise, a timer, an event. */
export const waitsOutside = (player: string, what: unknown): BadWorld =>
  new BadWorld(`Player ${player} waits outside the door: for ${String(what)}, which is no call`)
