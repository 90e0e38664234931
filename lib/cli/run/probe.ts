import { type Guarantee, probe } from '../../probe.js'
import type { Call } from '../command.js'

export async function runProbe({ operands: [dir = ''], given, say, signal }: Call): Promise<number> {
  const require = given.text('require')?.split(',') as Guarantee[] | undefined
  const keeps = await probe(dir, { signal, through: given.text('through'), require })
  if (say.isJson) say.result(keeps)
  else for (const [name, kept] of Object.entries(keeps)) say.line(`${name.padEnd(18)}${asWord(kept)}`)
  return 0
}

const asWord = (kept: boolean | number): string => (typeof kept === 'number' ? `${kept}` : kept ? 'yes' : 'no')
