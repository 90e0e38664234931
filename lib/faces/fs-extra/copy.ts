import { resolve } from 'node:path'
import { openDual } from '../../core/dual.js'
import type { Steps } from '../../core/steps.js'
import { copyInWords, type Filter } from '../node/copy-in-words.js'
import { wordOf } from './words.js'

interface Options {
  readonly overwrite?: unknown
  readonly clobber?: unknown
  readonly errorOnExist?: unknown
  readonly dereference?: unknown
  readonly preserveTimestamps?: unknown
  readonly filter?: Filter
}

const word = wordOf('copy')

function copyTree(source: string, target: string, given?: Options | Filter | null): Steps<void> {
  const options = typeof given === 'function' ? { filter: given } : (given ?? {})
  const { errorOnExist, dereference, preserveTimestamps, filter } = options
  // An option that is there counts, even if it is undefined.
  const clobber = 'clobber' in options ? Boolean(options.clobber) : true
  return copyInWords(
    { source, target },
    {
      overwrite: 'overwrite' in options ? Boolean(options.overwrite) : clobber,
      errorOnExist: Boolean(errorOnExist),
      dereference: Boolean(dereference),
      preserveTimestamps: Boolean(preserveTimestamps),
      // fs-extra resolves the text of a link only if links are followed, and then from the working directory.
      leads: text => (dereference ? resolve(text) : text),
      ...{ filter: filter || undefined, word },
    },
  )
}

export const copy = openDual(copyTree)
