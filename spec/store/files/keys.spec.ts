// Ten thousand keys that were made to be taken for each other, or to lead elsewhere.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from 'holdfast/store'
import { keyOf, nameOf, shardOf } from '../../../lib/store/files/names.js'
import { caselessKinds, mountCaseless } from '../../support/caseless.js'
import { assert, holds, places, raced, scratch, sized } from '../../support/kit.js'

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

function hostile(count: number): string[] {
  const keys = new Set(awkward)
  for (const key of combined()) {
    if (keys.size >= count) break
    keys.add(key)
  }
  return [...keys]
}

holds('no two of ten thousand hostile keys have one name, also where case and accents do not count', () => {
  const keys = hostile(10_000)
  const names = keys.map(nameOf)
  assert.is(new Set(names.map(name => name.normalize('NFKD').toUpperCase())).size, keys.length)
  for (const [at, name] of names.entries()) {
    assert.match(name, /^[a-z0-9_][a-z0-9_-]*$|^-/)
    assert.ok(name.length <= 150)
    assert.not.match(name, /^(con|prn|aux|nul|com\d|lpt\d)$/)
    assert.match(shardOf(keys[at] as string), /^[0-9a-f]{2}$/)
    if (!name.startsWith('__')) assert.is(keyOf(name), keys[at])
  }
})

/** Stores each key with a value that says it, changes every third, and removes every fifth. */
function live(root: string, keys: readonly string[]): void {
  const store = fileStore<string>(root, { durability: 'none', gc: 'manual' })
  for (const [at, key] of keys.entries()) {
    const made = store.create.sync(key, `${at}`)
    assert.ok(made.ok, `${JSON.stringify(key)} was there: ${JSON.stringify(made.entry)}`)
  }
  for (const [at, key] of keys.entries()) {
    if (at % 3 === 0)
      assert.ok(store.update.sync(key, ({ value }) => `${value}, changed, and longer than a token takes`).ok)
    if (at % 5 === 0) assert.ok(store.remove.sync(key).ok)
  }
  const fresh = fileStore<string>(root)
  const expected = new Map(
    keys.flatMap((key, at) => (at % 5 === 0 ? [] : [[key, at % 3 === 0 ? `${at}, c` : `${at}`]])),
  )
  for (const key of keys) {
    const value = fresh.get.sync(key)?.value
    assert.is(value?.slice(0, expected.get(key)?.length), expected.get(key), JSON.stringify(key))
  }
  assert.equal([...fresh.keys()].sort(), [...expected.keys()].sort())
}

for (const { kind, dir } of places)
  raced(`on ${kind}: hostile keys are kept apart, and nothing is touched outside the root`, () => {
    const room = scratch(dir)
    mkdirSync(join(room, 'a/b'), { recursive: true })
    writeFileSync(join(room, 'x'), 'not mine')
    writeFileSync(join(room, 'a/x'), 'not mine')
    live(join(room, 'a/b/store'), hostile(sized(1500, 10_000)))
    assert.equal(readdirSync(room).sort(), ['a', 'x'])
    assert.equal(readdirSync(join(room, 'a')).sort(), ['b', 'x'])
    assert.equal(readdirSync(join(room, 'a/b')), ['store'])
    for (const name of ['x', 'a/x']) assert.is(readFileSync(join(room, name), 'utf8'), 'not mine')
  })

for (const kind of caselessKinds) {
  const name = `on ${kind}, where case does not count: hostile keys are kept apart`
  const mounted = mountCaseless(kind)
  if ('why' in mounted) {
    raced.skip(name, mounted.why)
    continue
  }
  process.prependListener('exit', mounted.unmount)
  raced(name, () => live(join(mounted.dir, 'store'), hostile(sized(200, 10_000))))
}
