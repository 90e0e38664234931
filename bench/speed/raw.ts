// The floor: the same calls, written by hand with raw callbacks, for the way on which nothing goes wrong.

import fs from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'

let names = 0

/** open(wx), write, [fsync], link, close, unlink; it does not look first, and neither does it look when it fails. */
export function rawCreateExclusive(file: string, data: Buffer, sync: boolean): Promise<void> {
  const stage = join(dirname(file), `.${basename(file)}.${process.pid}.${names++}`)
  return new Promise((resolve, reject) => {
    const or =
      <T>(go: (value: T) => void) =>
      (error: Error | null, value?: T) =>
        error ? reject(error) : go(value as T)
    fs.open(
      stage,
      'wx',
      or((fd: number) => {
        const publish = () =>
          fs.link(
            stage,
            file,
            or(() =>
              fs.close(
                fd,
                or(() =>
                  fs.unlink(
                    stage,
                    or(() => resolve()),
                  ),
                ),
              ),
            ),
          )
        fs.write(
          fd,
          data,
          or(() => (sync ? fs.fsync(fd, or(publish)) : publish())),
        )
      }),
    )
  })
}

/** open(wx), write, [fsync], close, rename: as careful as an example on a blog; mode, owner and links are not its business. */
export function rawWriteFile(file: string, data: Buffer, sync: boolean): Promise<void> {
  const stage = `${file}.${process.pid}.${names++}`
  return new Promise((resolve, reject) => {
    const or =
      <T>(go: (value: T) => void) =>
      (error: Error | null, value?: T) =>
        error ? reject(error) : go(value as T)
    const publish = or(() =>
      fs.rename(
        stage,
        file,
        or(() => resolve()),
      ),
    )
    fs.open(
      stage,
      'wx',
      or((fd: number) => {
        const close = or(() => fs.close(fd, publish))
        fs.write(
          fd,
          data,
          or(() => (sync ? fs.fsync(fd, close) : close(null))),
        )
      }),
    )
  })
}

/** The same, at once. */
export function rawWriteFileSync(file: string, data: Buffer, sync: boolean): void {
  const stage = `${file}.${process.pid}.${names++}`
  const fd = fs.openSync(stage, 'wx')
  fs.writeSync(fd, data)
  if (sync) fs.fsyncSync(fd)
  fs.closeSync(fd)
  fs.renameSync(stage, file)
}

/** lstat, [open, fsync], rename, [close]. */
export function rawEmplace(source: string, target: string, sync: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const or =
      <T>(go: (value: T) => void) =>
      (error: Error | null, value?: T) =>
        error ? reject(error) : go(value as T)
    fs.lstat(
      source,
      { bigint: true },
      or(() => {
        if (!sync)
          return fs.rename(
            source,
            target,
            or(() => resolve()),
          )
        fs.open(
          source,
          'r',
          or((fd: number) =>
            fs.fsync(
              fd,
              or(() =>
                fs.rename(
                  source,
                  target,
                  or(() =>
                    fs.close(
                      fd,
                      or(() => resolve()),
                    ),
                  ),
                ),
              ),
            ),
          ),
        )
      }),
    )
  })
}

/** One mkdir after the other, from `top` down to `leaf`: as if it were known where the missing begins. */
export function rawMkdirs(top: string, leaf: string): Promise<void> {
  const parts = relative(top, leaf).split(sep)
  return new Promise((resolve, reject) => {
    const next = (path: string) =>
      fs.mkdir(path, error => {
        const part = parts.shift()
        if (error) reject(error)
        else if (part === undefined) resolve()
        else next(join(path, part))
      })
    next(top)
  })
}
