import { basename } from 'node:path'
import { openDual } from '../../core/dual.js'
import { hasCode } from '../../core/errors.js'
import type { Steps } from '../../core/steps.js'
import { move as moveThing } from '../../move.js'
import { type Both, isBelow, lookAtBoth, nameBelow } from '../node/look-at-both.js'
import { wordOf } from './words.js'

interface Options {
  readonly overwrite?: unknown
  readonly clobber?: unknown
  readonly dereference?: unknown
}

const word = wordOf('move')

function* moveTree(source: string, target: string, options?: Options | null): Steps<void> {
  const { overwrite, clobber, dereference } = options ?? {}
  const both = { source, target }
  const { was, isSame } = yield* lookAtBoth(both, Boolean(dereference), word, isSpelling)
  if (was.isDirectory() && !isSame && isBelow(target, source)) throw word('into itself', source, target)
  let moved: boolean
  try {
    moved = yield* moveThing.steps(source, target, {
      overwrite: overwrite || clobber || isSame ? 'with-gap' : false,
      parents: true,
      durability: 'none',
    })
  } catch (error) {
    // A directory on the way to the target is a link into the source.
    if (was.isDirectory() && hasCode(error, 'EINVAL'))
      throw word('into itself', source, (yield* nameBelow(was, both)) ?? target, { cause: error })
    throw error
  }
  if (!moved) throw word('exists', source, target)
}

/** Where case, or the form of accents, does not count, a name may get another spelling. */
function isSpelling({ source, target }: Both): boolean {
  const [from, to] = [basename(source), basename(target)]
  return from !== to && plain(from) === plain(to)
}

const plain = (name: string): string => name.toLowerCase().normalize('NFC')

export const move = openDual(moveTree)
