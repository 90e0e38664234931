// The first state is put into an empty directory that has the lock's name already. A rename of a private directory to that
// name would do the same, but it replaces whichever empty directory has the name in that moment: also one that another
// package has just made, which is its lock. This one is filled where it is, found by its descriptor: if its name is gone,
// so is the place for the file; and once a file is in it, no other package removes it.
//
// Several calls may want to fill one directory. Each puts a private file of its own into it, the pin, and then looks: if
// there is no other pin and no state, its pin becomes the state. Of two, the one that looks last sees the other. If both
// do, the one whose pin has the smaller name waits until the other has taken its own away, or has come first.

import { basename } from 'node:path'
import { type State, spellState } from '../../cell/state.js'
import { readState } from '../../cell/transition.js'
import { hasCode } from '../../core/errors.js'
import type { Stats } from '../../core/stats.js'
import { fs, type Steps } from '../../core/steps.js'
import type { Trial } from '../../parts/achieve.js'
import { discard, tidy } from '../../parts/cleanup.js'
import { isDebris } from '../../parts/debris.js'
import { ownerOf, stageName } from '../../parts/stage-names.js'
import { inDirectory } from './opened.js'
import { mark } from './rights.js'

/** How old (ms) a pin is whose owner cannot be judged from here, and is taken for dead: that costs it a second try. */
const graceMs = 5000

/** The names of the pins of others that live. Those of the dead are removed. */
export function* livePins(at: string, own?: string): Steps<string[]> {
  const live: string[] = []
  for (const name of yield* namesIn(at)) {
    const owner = ownerOf(name)
    if (owner === undefined || name === own) continue
    if (yield* isDebris(name, owner, { dir: at, graceMs })) yield* tidy(fs.unlink(`${at}/${name}`))
    else live.push(name)
  }
  return live
}

/** Of a directory that is removed meanwhile, none. */
function* namesIn(at: string): Steps<readonly string[]> {
  try {
    return yield* fs.readdir(at)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

const pauseMs = 5
const mostPauses = 200

/** Is it the turn of this pin before all others? They are compared by name: on Windows one path has several spellings. */
export function* isFirst(at: string, pin: string): Steps<boolean> {
  const own = basename(pin)
  for (let pauses = 0; pauses <= mostPauses; pauses++) {
    const others = yield* livePins(at, own)
    if (others.length === 0) return true
    if (others.some(other => other < own)) return false
    yield* fs.sleep(pauseMs)
  }
  return false
}

/** Fills the directory that was seen there, with all its rights. Returns false if another call, or package, was first. */
export function* fill(dir: string, was: Stats, state: State, trial: Trial): Steps<boolean> {
  const filled = yield* inDirectory(dir, function* (at, there) {
    // Whatever has happened to it meanwhile shows in its ctime.
    if (there.ino !== was.ino || there.ctimeNs !== was.ctimeNs) return false
    return yield* pinned(at, state, function* (pin) {
      if (!(yield* isFirst(at, pin)) || (yield* readState(at, trial)) !== 'void') return false
      // Of another user's directory this may be refused.
      yield* tidy(fs.chmod(at, (Number(there.mode) & 0o777) | mark))
      return true
    })
  })
  return filled ?? false
}

/** Puts a pin into the directory. If `prepare` returns true, the pin becomes the state. */
export function* pinned(at: string, state: State, prepare: (pin: string) => Steps<boolean>): Steps<boolean> {
  const pin = yield* stageName(`${at}/birth`)
  let isState = false
  try {
    yield* fs.close(yield* fs.open(pin, 'wx'))
    if (!(yield* prepare(pin))) return false
    yield* fs.rename(pin, `${at}/${spellState(state)}`)
    isState = true
  } catch (error) {
    // The directory was removed, or the pin was taken for that of a dead process.
    if (!hasCode(error, 'ENOENT')) throw error
  } finally {
    if (!isState) yield* discard(() => fs.unlink(pin))
  }
  return isState
}
