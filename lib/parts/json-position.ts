// Where JSON goes wrong. V8 names the place only in some of its messages, and never if the text ends too soon. So this
// finds the place: the end of the longest beginning of the text that could have become valid. It only reads what V8
// refuses.

/** What must come next; `first`: the container may also end here. */
type Wanted = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'comma'

/** A piece of the text: how far it is right, and whether it is whole. */
interface Token {
  readonly end: number
  readonly whole: boolean
}

/** Returns where the first wrong character is; the length, if the text ends too soon; or undefined, if it is valid. */
export function jsonErrorPosition(text: string): number | undefined {
  // A stack of our own instead of recursion, because V8 reads text that is nested deeper than the call stack allows.
  const open: string[] = []
  let wanted: Wanted = 'value'
  for (let at = 0; ; ) {
    while (isSpace(text[at])) at++
    const next = text[at]
    if (next === undefined) return wanted === 'comma' && open.length === 0 ? undefined : at
    if (isEnd(next, wanted, open.at(-1))) {
      open.pop()
      wanted = 'comma'
      at++
    } else if (next === separator(wanted, open.at(-1))) {
      wanted = wanted === 'comma' && open.at(-1) === '{' ? 'key' : 'value'
      at++
    } else if (wanted === 'comma' || wanted === 'colon') return at
    else if ((next === '{' || next === '[') && isValue(wanted)) {
      open.push(next)
      wanted = next === '{' ? 'first key' : 'first value'
      at++
    } else {
      const { end, whole } = next === '"' || !isValue(wanted) ? stringAt(text, at) : scalarAt(text, at)
      if (!whole) return end
      wanted = isValue(wanted) ? 'comma' : 'colon'
      at = end
    }
  }
}

const isSpace = (char: string | undefined): boolean => char === ' ' || char === '\n' || char === '\r' || char === '\t'

const isValue = (wanted: Wanted): boolean => wanted === 'value' || wanted === 'first value'

const isEnd = (char: string, wanted: Wanted, open: string | undefined): boolean =>
  open === '{'
    ? char === '}' && (wanted === 'comma' || wanted === 'first key')
    : open === '[' && char === ']' && (wanted === 'comma' || wanted === 'first value')

/** The separator that must come next, if one must. */
const separator = (wanted: Wanted, open: string | undefined): string | undefined =>
  wanted === 'colon' ? ':' : wanted === 'comma' && open !== undefined ? ',' : undefined

function stringAt(text: string, from: number): Token {
  if (text[from] !== '"') return { end: from, whole: false }
  for (let at = from + 1; ; at++) {
    const char = text[at]
    if (char === '"') return { end: at + 1, whole: true }
    if (char === undefined || char < ' ') return { end: at, whole: false }
    if (char !== '\\') continue
    const { end, whole } = escapeAt(text, at + 1)
    if (!whole) return { end, whole }
    at = end - 1
  }
}

function escapeAt(text: string, at: number): Token {
  if (text[at] !== 'u')
    return /["\\/bfnrt]/.test(text[at] ?? '') ? { end: at + 1, whole: true } : { end: at, whole: false }
  const digits = /^[\da-f]*/i.exec(text.slice(at + 1, at + 5))?.[0].length ?? 0
  return { end: at + 1 + digits, whole: digits === 4 }
}

/** Every beginning of a number, and every whole number. */
const numberBegun = /-?(?:(?:0|[1-9]\d*)(?:\.(?:\d+(?:e[+-]?\d*)?)?|e[+-]?\d*)?)?/iy
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i

function scalarAt(text: string, at: number): Token {
  for (const word of ['true', 'false', 'null']) if (text[at] === word[0]) return wordAt(text, at, word)
  numberBegun.lastIndex = at
  const [begun = ''] = numberBegun.exec(text) ?? []
  return { end: at + begun.length, whole: number.test(begun) }
}

function wordAt(text: string, at: number, word: string): Token {
  let length = 1
  while (length < word.length && text[at + length] === word[length]) length++
  return { end: at + length, whole: length === word.length }
}
