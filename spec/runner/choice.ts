// Which tests are asked for: `npm test -- NAME ... --only LAYER --test "text"`. The runner and each spec file read the
// same arguments, so that a file can also be run by itself: `node dist/spec/lock.spec.js --only holds`.

import { parseArgs } from 'node:util'

/**
 * What a test is made of. `explored`: it runs the explorer over a world. `raced`: it lets real processes race. `holds`:
 * everything else.
 */
export const layers = ['holds', 'explored', 'raced'] as const
export type Layer = (typeof layers)[number]

export interface Choice {
  /** Spec files; none means all. */
  readonly names: readonly string[]
  readonly only: readonly Layer[]
  /** A test is chosen if its name contains one of them; none means all. */
  readonly texts: readonly string[]
  /** At full size: without the bounds that keep `npm test` short. */
  readonly full: boolean
  readonly help: boolean
}

/** The arguments cannot be understood. */
export class BadArguments extends Error {}

const options = {
  only: { type: 'string', multiple: true },
  test: { type: 'string', multiple: true },
  full: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const isLayer = (word: string): word is Layer => (layers as readonly string[]).includes(word)

/** @throws BadArguments, whose message is for the user who typed them. */
export function choose(args: readonly string[]): Choice {
  const { values, positionals } = parsed(args)
  const only = (values.only ?? []).map(word => {
    if (!isLayer(word)) throw new BadArguments(`--only takes ${layers.join(', ')}, not '${word}'`)
    return word
  })
  for (const text of [...(values.test ?? []), ...positionals])
    if (text === '') throw new BadArguments('A name or a text must not be empty')
  return {
    names: positionals,
    only: only.length > 0 ? only : layers,
    texts: values.test ?? [],
    full: values.full ?? false,
    help: values.help ?? false,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new BadArguments((error as Error).message)
  }
}

export function isChosen({ only, texts }: Choice, layer: Layer, name: string): boolean {
  return only.includes(layer) && (texts.length === 0 || texts.some(text => name.includes(text)))
}
