// The versions of a directory: how they are named, which of them are old, and what dead publishers have left.

import { basename, dirname } from 'node:path'
import { hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { tidy } from '../parts/cleanup.js'
import { defaultGraceMs, isDebris, type Liveness } from '../parts/debris.js'
import { silently } from '../parts/delete-job.js'
import { isStill, mayBePlaced } from '../parts/placed.js'
import { type Aside, removeOrSetAside, setAside } from '../parts/set-aside.js'
import { ownerOf } from '../parts/stage-names.js'
import type { Publishing } from './job.js'

export interface Version {
  readonly name: string
  readonly number: number
}

export const versionPath = (path: string, number: number, nonce: string): string => `${path}.version-${number}-${nonce}`

/** Returns the versions, the newest first. */
export function* readVersions(path: string): Steps<Version[]> {
  return versionsIn(yield* fs.readdir(dirname(path)), path)
}

function versionsIn(names: readonly string[], path: string): Version[] {
  const start = `${basename(path)}.version-`
  const versions = names.flatMap(name => {
    const number = name.startsWith(start) && /^(\d{1,15})-[0-9a-f]{16}$/.exec(name.slice(start.length))?.[1]
    return number ? [{ name, number: Number(number) }] : []
  })
  return versions.sort((a, b) => b.number - a.number)
}

/** Sets aside the versions that are old, and what publishers have left that are dead. `old` gets what is to be deleted. */
export function* setOldAside(job: Publishing, version: string, old: Aside[]): Steps<void> {
  const dir = dirname(job.path)
  const names = yield* fs.readdir(dir)
  for (const name of names.filter(one => one.startsWith(`.${basename(job.path)}.`)))
    yield* tidy(setDebrisAside(name, { dir, graceMs: defaultGraceMs }, job, old))
  const versions = versionsIn(names, job.path)
  // That has its name since a moment ago.
  const nowMs = (yield* fs.lstat(version)).ctimeMs
  const current = yield* readCurrent(job.path)
  const others = versions.filter(({ name }) => name !== current)
  // The oldest first, because each shows when the one before it was replaced.
  for (const one of others.slice(Math.min(job.keep, others.length)).reverse()) {
    const after = versions[versions.indexOf(one) - 1]
    const replaced = after && (yield* fs.lstat(`${dir}/${after.name}`, orNothing))
    // The one behind it came when this one went; nothing shows an earlier moment.
    if (!replaced || Number(nowMs - replaced.ctimeMs) < job.graceMs) continue
    yield* tidy(keeping(old, setAside(`${dir}/${one.name}`, job.trial)))
  }
}

/** The version that the link leads to; it may have been made to lead elsewhere by hand. */
function* readCurrent(path: string): Steps<string | undefined> {
  try {
    return basename((yield* fs.readlink(path)).toString())
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EINVAL')) return undefined
    throw error
  }
}

function* setDebrisAside(name: string, liveness: Liveness, job: Publishing, old: Aside[]): Steps<void> {
  const owner = ownerOf(name)
  if (owner === undefined || !(yield* isDebris(name, owner, liveness))) return
  const path = `${liveness.dir}/${name}`
  const there = yield* fs.lstat(path, orNothing)
  if (!there || (yield* mayBePlaced(path, there))) return
  yield* keeping(old, removeOrSetAside(path, silently(), job.trial, { isOurs: isStill(path, there) }))
}

function* keeping(old: Aside[], steps: Steps<boolean | Aside>): Steps<void> {
  const aside = yield* steps
  if (typeof aside === 'object') old.push(aside)
}
