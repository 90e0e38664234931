// Where the system does not say when a process was born, its pid proves nothing: another may have it now. There a thread that
// takes a lock keeps a file open that no other process can open meanwhile. Whether it can be opened says whether the thread
// lives: also while it computes, also if its pid is used again. When the file is closed, however that comes, it is gone.
//
// Only Windows does so. macOS could do the same by O_EXLOCK (0x20), with O_NONBLOCK, and would leave the file behind.

import { hasCode } from './errors.js'

type NodeFs = Pick<typeof import('node:fs'), 'openSync' | 'closeSync' | 'mkdirSync' | 'constants'>

export interface LifeFiles {
  /** Makes the file of this thread, and keeps it open. Returns false where that is not possible. */
  hold(name: string): boolean
  /** Does the thread live that made it? Undefined if that does not show. */
  lives(name: string): boolean | undefined
}

/** Of libuv, which Node does not name: no other handle (UV_FS_O_EXLOCK), and deleted when closed (UV_FS_O_TEMPORARY). */
const exclusive = 0x10000000
const temporary = 0x40

/** Undefined on systems that need none, or have no place for them that all users share. */
export function lifeFiles(
  fs: NodeFs,
  system: NodeJS.Platform = process.platform,
  home: string | undefined = process.env.ProgramData,
): LifeFiles | undefined {
  if (system !== 'win32' || !home) return undefined
  const dir = `${home}\\holdfast`
  const { O_RDWR, O_CREAT, O_EXCL } = fs.constants
  return {
    hold(name) {
      try {
        fs.mkdirSync(dir, { recursive: true })
        fs.openSync(`${dir}\\${name}`, O_RDWR | O_CREAT | O_EXCL | exclusive | temporary, 0o666)
        return true
      } catch {
        return false
      }
    },
    lives(name) {
      try {
        fs.closeSync(fs.openSync(`${dir}\\${name}`, 'r'))
        return false
      } catch (error) {
        return hasCode(error, 'EBUSY') || (hasCode(error, 'ENOENT') ? false : undefined)
      }
    },
  }
}
