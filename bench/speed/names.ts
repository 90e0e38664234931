// What is measured of the functions that make and give names.

import fs from 'node:fs'
import { join } from 'node:path'
import { createExclusive, emplace, link, mkdirp } from 'holdfast'
import { rawCreateExclusive, rawEmplace, rawMkdirs } from './raw.js'

export interface Contest {
  readonly name: string
  /** At most so many times what it is measured against; none: for comparison only. */
  readonly target?: number
  readonly rival: (path: string) => unknown
  readonly ours: (path: string) => unknown
  /** How often in one round, where one call is long. */
  readonly calls?: number
  /** Lays out what a call needs, untimed. */
  readonly before?: (path: string) => void
}

const kilobyte = Buffer.alloc(1024, 'x')
const levels8 = (path: string): string => join(path, '1/2/3/4/5/6/7')
const source = (path: string): void => fs.writeFileSync(`${path}.new`, kilobyte)

export function names(dir: string): Contest[] {
  const recursive = { recursive: true } as const
  const there = join(dir, 'there')
  fs.mkdirSync(there)
  const file = join(dir, 'file')
  fs.writeFileSync(file, kilobyte)
  const create = (durability: 'none' | 'file'): Contest => ({
    name: `createExclusive 1 KiB, ${durability} / by hand`,
    target: 1.3,
    rival: path => rawCreateExclusive(path, kilobyte, durability === 'file'),
    ours: path => createExclusive(path, kilobyte, { durability }),
  })
  const put = (durability: 'none' | 'file'): Contest => ({
    name: `emplace, ${durability} / by hand`,
    target: 1.3,
    before: source,
    rival: path => rawEmplace(`${path}.new`, join(dir, 'target'), durability === 'file'),
    ours: path => emplace(`${path}.new`, join(dir, 'target'), { durability }),
  })
  return [
    {
      name: 'mkdirp, existing / promises',
      target: 0.6,
      rival: () => fs.promises.mkdir(there, recursive),
      ours: () => mkdirp(there),
    },
    {
      name: 'mkdirp, 8 new levels / promises',
      target: 0.85,
      rival: path => fs.promises.mkdir(levels8(path), recursive),
      ours: path => mkdirp(levels8(path)),
    },
    {
      name: 'mkdirp, 8 new levels / 8 mkdirs by hand',
      rival: path => rawMkdirs(path, levels8(path)),
      ours: path => mkdirp(levels8(path)),
    },
    {
      name: 'mkdirp, new leaf / promises',
      target: 1.15,
      rival: path => fs.promises.mkdir(path, recursive),
      ours: path => mkdirp(path),
    },
    {
      name: 'mkdirp.sync, existing / mkdirSync',
      target: 1.3,
      rival: () => fs.mkdirSync(there, recursive),
      ours: () => mkdirp.sync(there),
    },
    {
      name: 'mkdirp.sync, 8 new levels / mkdirSync',
      target: 1.3,
      rival: path => fs.mkdirSync(levels8(path), recursive),
      ours: path => mkdirp.sync(levels8(path)),
    },
    {
      name: 'mkdirp.sync, new leaf / mkdirSync',
      target: 1.3,
      rival: path => fs.mkdirSync(path, recursive),
      ours: path => mkdirp.sync(path),
    },
    {
      name: 'link / promises',
      target: 1.2,
      rival: path => fs.promises.link(file, path),
      ours: path => link(file, path),
    },
    {
      name: 'link / callback',
      rival: path => new Promise(done => fs.link(file, path, done)),
      ours: path => link(file, path),
    },
    create('none'),
    create('file'),
    put('none'),
    put('file'),
  ]
}
