// What a side of a work on stores works with: a store that was opened for this room, and the keys in it.

/** How many keys there are, unless a work says otherwise. They are used in turn. */
export const keys = 100
export const keyOf = (nth: number): string => `key${nth}`

/** About a kilobyte of JSON. */
export const body = (count: number) => ({ count, list: Array.from({ length: 80 }, (_, at) => `entry ${at}`) })

const closings: (() => unknown)[] = []

/** Opens something once for each room. It stays open until the side leaves the room. */
export function inRoom<T>(open: (room: string) => T, close: (opened: T) => unknown = () => {}): (room: string) => T {
  let last: { readonly room: string; readonly opened: T } | undefined
  return room => {
    if (last?.room !== room) {
      const opened = open(room)
      last = { room, opened }
      closings.push(() => {
        last = undefined
        return close(opened)
      })
    }
    return last.opened
  }
}

/** Closes all that is open. */
export async function leave(): Promise<void> {
  for (const close of closings.splice(0)) await close()
}

/** Returns the keys in turn, over and over. */
export function inTurn(count = keys): () => string {
  let at = 0
  return () => keyOf(at++ % count)
}
