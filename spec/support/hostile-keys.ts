// Keys that were made to be taken for each other, or to lead elsewhere.

import type { Store } from 'holdfast/store'
import { assert, note, sized } from './kit.js'
import type { Race } from './store-race.js'

const awkward = [
  ...[
    '.',
    '..',
    '../x',
    '../../x',
    '/',
    '//',
    '/etc/passwd',
    '\\',
    '..\\x',
    'C:',
    'C:\\x',
    '~',
    '*',
    '?',
    '"',
    '<',
    '|',
    ':',
  ],
  ...[
    'con',
    'CON',
    'con.txt',
    'prn',
    'aux',
    'nul',
    'NUL',
    'com1',
    'lpt9',
    'com0',
    'CONIN$',
    'clock$',
    '-',
    '--',
    '_',
    '__',
  ],
  ...[
    ' ',
    '  ',
    ' a',
    'a ',
    'a.',
    'a..',
    '\0',
    'a\0b',
    '\n',
    '\r\n',
    '\t',
    '\x7f',
    '%2e%2e',
    '%00',
    '_2e',
    '_2e_2e',
    '_61',
  ],
  ...[
    'é',
    'e\u0301',
    'ﬁ',
    'fi',
    'ß',
    'ss',
    'ſ',
    's',
    'K',
    'K',
    'ı',
    'i',
    'İ',
    'Å',
    'Å',
    'ä',
    'a\u0308',
    '☃',
    '💥',
    '\ufeff',
    '\u200b',
  ],
  ...[
    'holdfast.json',
    '.holdfast',
    '00',
    'ff',
    '__proto__',
    'constructor',
    'toString',
    'a'.repeat(150),
    'a'.repeat(151),
  ],
  ...['A'.repeat(50), 'A'.repeat(51), 'x'.repeat(4096), '☃'.repeat(1365), `${'☃'.repeat(1364)}abcd`, 'ä'.repeat(2048)],
]

const parts = ['a', 'A', 'b', 'B', '_', '-', '.', '/', '0', '_6', '1', 'é', 'e\u0301', 'É', ' ', '\u212a', 'k', 'K']

/** Keys of a few parts each: pairs that differ in case, in the spelling of an accent, or in what looks like an escape. */
function* combined(): Generator<string> {
  for (let length = 1; ; length++) {
    const total = parts.length ** length
    for (let at = 0; at < total; at++)
      yield Array.from({ length }, (_, nth) => parts[Math.floor(at / parts.length ** nth) % parts.length]).join('')
  }
}

export function hostile(count: number): string[] {
  const keys = new Set(awkward)
  for (const key of combined()) {
    if (keys.size >= count) break
    keys.add(key)
  }
  return [...keys]
}

/** So many at a time. */
const atATime = 250

/** Stores each key with a value that says it, changes every third, and removes every fifth. */
export async function raceHostileKeys({ name, store }: Pick<Race, 'name' | 'store'>): Promise<void> {
  const keys = hostile(sized(300, 10_000))
  const strings = store as Store<string>
  const spelled = keys.map((key, at) => [key, at] as const)
  const each = async (act: (key: string, at: number) => Promise<unknown>) => {
    for (let from = 0; from < keys.length; from += atATime)
      await Promise.all(spelled.slice(from, from + atATime).map(([key, at]) => act(key, at)))
  }
  await each(async (key, at) => {
    const { ok, entry } = await strings.create(key, `${at}`)
    assert.ok(ok, `${JSON.stringify(key)} was there: ${JSON.stringify(entry)}`)
  })
  await each(async (key, at) => {
    if (at % 3 === 0) assert.ok((await strings.update(key, ({ value }) => `${value}, changed`)).ok)
    if (at % 5 === 0) assert.ok((await strings.remove(key)).ok)
  })
  const expected = (at: number) => (at % 5 === 0 ? undefined : at % 3 === 0 ? `${at}, changed` : `${at}`)
  await each(async (key, at) => assert.is((await strings.get(key))?.value, expected(at), JSON.stringify(key)))
  const listed: string[] = []
  for await (const key of strings.keys()) listed.push(key)
  assert.equal(listed.sort(), keys.filter((_, at) => at % 5 !== 0).sort())
  note(`${name}: ${keys.length} keys, ${listed.length} of them left`)
}
