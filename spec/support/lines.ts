// Calls as lines of text, such as `rename a c/d`, of which the explorer's tests make their worlds.

import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { fs, type OpenFlags, type Steps } from 'holdfast/steps'

/** Lays out a directory: `mkdir a`, `file a/b` (its content is its name), `link a c`, `symlink c a`. */
export function setUp(dir: string, lines: readonly string[]): void {
  for (const line of lines) {
    const [op, first = '', second = ''] = line.split(' ')
    if (op === 'mkdir') mkdirSync(`${dir}/${first}`)
    else if (op === 'file') writeFileSync(`${dir}/${first}`, first)
    else if (op === 'link') linkSync(`${dir}/${first}`, `${dir}/${second}`)
    else symlinkSync(targetOf(first, dir), `${dir}/${second}`)
  }
}

/** A target that begins with a slash is absolute, and inside the world. */
const targetOf = (target: string, dir: string): string => (target.startsWith('/') ? dir + target : target)

/** The call of a line. `.` is the world itself; calls that need a descriptor use `fd`. */
export function callOf(line: string, dir: string, fd = -1): Steps<unknown> {
  const [op, first = '', second = ''] = line.split(' ')
  // What begins with this is in the directory that is open.
  const at = (path: string) => (path.startsWith('@') ? `/proc/self/fd/${fd}${path.slice(1)}` : `${dir}/${path}`)
  const [one, two] = [at(first), at(second)]
  switch (op) {
    case 'open':
      return fs.open(one, second === 'directory' ? 'r directory' : (second as OpenFlags))
    case 'symlink':
      return fs.symlink(targetOf(first, dir), two)
    case 'link':
    case 'rename':
      return fs[op](one, two)
    case 'chmod':
      return fs.chmod(one, 0o700)
    case 'chown':
      return fs.chown(one, 7, 7)
    case 'utimes':
      return fs.utimes(one, 0, 0)
    case 'write':
      return fs.write(fd, Buffer.from(line))
    case 'fchmod':
      return fs.fchmod(fd, 0o600)
    case 'fchown':
      return fs.fchown(fd, 7, 7)
    case 'futimes':
      return fs.futimes(fd, 0, 0)
    case 'ftruncate':
      return fs.ftruncate(fd, 1)
    case 'read':
      return fs.read(fd, Buffer.alloc(9), 0)
    case 'fstat':
    case 'fsync':
    case 'close':
      return fs[op](fd)
    case 'mkdir':
    case 'rmdir':
    case 'unlink':
    case 'stat':
    case 'lstat':
    case 'exists':
    case 'readdir':
    case 'list':
    case 'readlink':
    case 'realpath':
      return fs[op](one)
    default:
      throw new Error(`no such line: ${line}`)
  }
}
