// What runs inside Redis. A script is about one key, so a cluster can run it; it runs alone, and by the server's clock.
//
// A key is a hash. `s`: its state (./state.ts), which begins with the id. `v`: the value. `d`: the calls that took
// states away, the latest first, each with the state that it took, and those which that had come of; it stays for a minute,
// so that a call whose reply was lost can see what became of it.

import { createHash } from 'node:crypto'

export interface Script {
  readonly text: string
  /** By which Redis knows it. */
  readonly sum: string
}

export const scriptOf = (text: string): Script => ({ text, sum: createHash('sha1').update(text).digest('hex') })

/** Sets `now`. */
export const clock = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/** Returns what the clock says, the state and the value. */
export const readScript = scriptOf(`${clock}
local got = redis.call('HMGET', KEYS[1], 's', 'v')
return {now, got[1], got[2]}`)

/** The same, without the value. */
export const stateScript = scriptOf(`${clock}
return {now, redis.call('HGET', KEYS[1], 's')}`)

/** What the script below does, beside the state. */
export type Deed = 'set' | 'keep' | 'drop' | 'remove' | 'look'

/** What it returns first, if it has done that, and if the key is one of somebody else. */
export const committed = 1
export const foreign = 2

/** For how long the trace of a removal stays. */
export const traceMs = 60_000

/** A longer trace forgets the calls that were first. */
export const mostOfTrace = 512

/**
 * ARGV: the id that the state must have (empty: there must be none); the id of what comes; the deed; when that ends ('-':
 * never, '=' and a time, '+' and so many ms from now); for how long it is kept afterwards; whether a claim keeps it from
 * ending; the state's other words; the channel that hears of it (empty: none); the message; when the value was written (empty:
 * now); 1 if the entry that is there must not have ended; the value.
 */
export const commitScript = scriptOf(`${clock}
local state = redis.call('HGET', KEYS[1], 's')
local is_that = (state and string.sub(state, 1, 16) or '') == ARGV[1]
if is_that and ARGV[11] == '1' then
  local ends = tonumber(string.match(state, '^%S+ (%d+)'))
  is_that = not ends or now < ends
end
if ARGV[3] == 'look' or not is_that then
  return {0, now, state, redis.call('HGET', KEYS[1], 'd')}
end
if not state then
  local trace = redis.call('HGET', KEYS[1], 'd')
  if trace and string.find(trace, ARGV[2], 1, true) then return {0, now, false, trace} end
  if redis.call('HLEN', KEYS[1]) > (trace and 1 or 0) then return {${foreign}, now} end
end
if ARGV[3] == 'remove' then
  local before = redis.call('HGET', KEYS[1], 'd') or ''
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'd', string.sub(ARGV[2] .. ' ' .. ARGV[7] .. ' ' .. before, 1, ${mostOfTrace}))
  redis.call('PEXPIREAT', KEYS[1], now + ${traceMs})
else
  local ends = string.sub(ARGV[4], 2)
  if string.sub(ARGV[4], 1, 1) == '+' then ends = string.format('%.0f', now + ends) end
  local written = ARGV[10] == '' and string.format('%.0f', now) or ARGV[10]
  local words = ARGV[2] .. ' ' .. (ends == '' and '-' or ends) .. ' ' .. written .. ' ' .. ARGV[7]
  if ARGV[3] == 'set' then
    redis.call('HSET', KEYS[1], 's', words, 'v', ARGV[12])
  else
    redis.call('HSET', KEYS[1], 's', words)
    if ARGV[3] == 'drop' then redis.call('HDEL', KEYS[1], 'v') end
  end
  if ends == '' or ARGV[6] == '1' then
    redis.call('PERSIST', KEYS[1])
  else
    redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', ends + ARGV[5]))
  end
end
if ARGV[8] ~= '' then redis.pcall('PUBLISH', ARGV[8], ARGV[9]) end
return {${committed}, now}`)
