// Where JSON goes wrong. What V8 says of it names the place only now and then, and never that the end came too soon, so
// this finds it: the longest beginning of the text that could have become valid. Only what V8 refuses is read by it.

/** What may come next; `first`: the container may also end here. */
type Wanted = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'comma'

/** What was read: up to where it was right, and whether it is whole. */
interface Token {
  readonly end: number
  readonly whole: boolean
}

/** Where the first character is that cannot be there; the length, if the end came too soon; undefined: it is valid. */
export function jsonErrorPosition(text: string): number | undefined {
  // By hand and not by recursion, because V8 reads what is nested deeper than any stack.
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
    } else if (next === mark(wanted, open.at(-1))) {
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

/** What stands between two things, where one is due. */
const mark = (wanted: Wanted, open: string | undefined): string | undefined =>
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

/** All that a number may begin with, and all that is one. */
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
