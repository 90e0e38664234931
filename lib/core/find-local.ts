// Is a path on a local filesystem, where no reply is ever lost? Node has no call for that, and each system shows it by
// something else. Where nothing shows it, it counts as not local: what may be a lost reply is then reported as unknown,
// and never guessed.

import { isLocalKind } from './filesystem-kinds.js'

type Found<T> = (error: unknown, value?: T) => void

/** How to ask. */
export interface Asking {
  statfs(path: string, found: Found<{ readonly type: number }>): void
  stat(path: string, found: Found<{ readonly dev: number }>): void
  realpath(path: string, found: Found<string>): void
}

/** The same text for both forms: `done` is called when all that was asked is known. */
export function findLocal(
  path: string,
  ask: Asking,
  done: (isLocal: boolean) => void,
  platform: string = process.platform,
): void {
  const judging =
    <T>(isLocal: (value: T) => boolean): Found<T> =>
    (error, value) =>
      done(!error && value !== undefined && isLocal(value))
  // Only Linux numbers the kinds of filesystems in a way that is written down.
  if (platform === 'linux' || platform === 'android')
    ask.statfs(
      path,
      judging(({ type }) => isLocalKind(type)),
    )
  // The letter of a drive may stand for a share, and its real path shows that.
  else if (platform === 'win32')
    ask.realpath(
      path,
      judging(real => !isShare(real)),
    )
  else if (platform === 'darwin') {
    const compare = ({ dev }: { readonly dev: number }) =>
      ask.stat(
        path,
        judging(there => driverOf(there.dev) === driverOf(dev)),
      )
    ask.stat('/', (error, root) => (error || !root ? done(false) : compare(root)))
  } else done(false)
}

const isShare = (path: string): boolean => /^[\\/]{2}([^?.]|[?.][\\/]UNC[\\/])/i.test(path)

/** On macOS the upper eight bits of a device are its driver: that of disks, or one for each kind of other filesystems. */
const driverOf = (dev: number): number => Math.floor(dev / 2 ** 24)
