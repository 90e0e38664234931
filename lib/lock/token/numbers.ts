// How a token (../token.ts) spells its numbers: in base 36, as briefly as they can be.

/** A heartbeat is spelled as the time of taking, and the time since then: most locks make none. */
export function spellBeat(beatMs: number, sinceMs = beatMs): string {
  const since = spellMs(Math.floor(sinceMs))
  return beatMs === sinceMs ? since : `${since}-${spellMs(Math.ceil(beatMs - sinceMs))}`
}

/** How long after the taking it was made. */
export function laterMs(beat = ''): number {
  const dash = beat.indexOf('-')
  return dash < 0 ? 0 : (toNumber(beat.slice(dash + 1)) ?? Number.NaN)
}

/** Such a hold ends only by proof. */
const never = '-'
export const spellMs = (ms: number): string => (ms === Number.POSITIVE_INFINITY ? never : ms.toString(36))

/** Each fence is spelled at least twice: when the lock is taken, and when it is freed. */
let lastFence = { fence: 0, text: '0' }

export function spellFence(fence: number): string {
  if (fence !== lastFence.fence) lastFence = { fence, text: spellLong(fence) }
  return lastFence.text
}

const lowDigits = 5
const low = 36 ** lowDigits
let lastHigh = { high: 0, text: '' }

/** JavaScript takes eight times as long to spell a number of more than 31 bits; and the first digits seldom change. */
function spellLong(fence: number): string {
  const high = Math.floor(fence / low)
  if (high === 0) return fence.toString(36)
  if (high !== lastHigh.high) lastHigh = { high, text: high.toString(36) }
  return lastHigh.text + ((fence - high * low) | 0).toString(36).padStart(lowDigits, '0')
}

export function toNumber(text: string | undefined): number | undefined {
  if (text === never) return Number.POSITIVE_INFINITY
  const number = Number.parseInt(text ?? '', 36)
  return Number.isNaN(number) ? undefined : number
}
