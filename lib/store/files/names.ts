// How a key is spelled as the name of a directory: in ASCII and lower case, so that a disk which folds case, or spells
// letters in another way, takes no two keys for one; without dots and separators, so that no key leads anywhere else.

import * as crypto from 'node:crypto'

/** What has a longer name is found by a hash, and its values say the whole key. */
const longestName = 150

const plain = /^[a-z0-9-]+$/

/** On Windows these are devices, in every directory. */
const device = /^(?:con|prn|aux|nul|com\d|lpt\d)$/

const escaped = Array.from({ length: 256 }, (_, byte) => {
  const letter = String.fromCharCode(byte)
  return plain.test(letter) ? letter : `_${byte.toString(16).padStart(2, '0')}`
})

/** A spelled key never begins so: what is behind each `_` is a digit or a letter. */
const hashMark = '__'

export function nameOf(key: string): string {
  const name = plain.test(key) ? key : spell(Buffer.from(key))
  if (name.length > longestName) return hashMark + inBase32(Buffer.from(sha256(key), 'hex'))
  return device.test(name) ? `_${name.charCodeAt(0).toString(16)}${name.slice(1)}` : name
}

function spell(bytes: Uint8Array): string {
  let name = ''
  for (const byte of bytes) name += escaped[byte]
  return name
}

export const isHashed = (name: string): boolean => name.startsWith(hashMark)

/** The key that a name spells. Undefined if it spells none: it is a hash, or not a name of this store. */
export function keyOf(name: string): string | undefined {
  if (!/^(?:[a-z0-9-]|_[0-9a-f]{2})+$/.test(name)) return undefined
  const text = name.replaceAll(/_(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  const key = Buffer.from(text, 'latin1').toString()
  return nameOf(key) === name ? key : undefined
}

/** The directory of the store that a key is in: the first byte of its hash, in hex. */
export const shardOf = (key: string): string => sha256(key).slice(0, 2)

export const isShard = (name: string): boolean => /^[0-9a-f]{2}$/.test(name)

/** In hex. Where there is one call for it, that takes a third of the time. */
export const sha256 = (data: string | Uint8Array): string =>
  typeof crypto.hash === 'function'
    ? crypto.hash('sha256', data, 'hex')
    : crypto.createHash('sha256').update(data).digest('hex')

/** Five bits a digit: `0` to `v`. */
export function inBase32(bytes: Uint8Array): string {
  let text = ''
  let [bits, held] = [0, 0]
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; ) {
      bits -= 5
      text += (held >> bits).toString(32)
      held &= (1 << bits) - 1
    }
  }
  return bits > 0 ? text + (held << (5 - bits)).toString(32) : text
}

/** What `inBase32` has spelled. Digits that no whole byte needs are left out. */
export function fromBase32(text: string): Buffer {
  const bytes = Buffer.alloc((text.length * 5) >> 3)
  let [bits, held, at] = [0, 0, 0]
  for (const digit of text) {
    held = (held << 5) | Number.parseInt(digit, 32)
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = held >> bits
    held &= (1 << bits) - 1
  }
  return bytes
}
