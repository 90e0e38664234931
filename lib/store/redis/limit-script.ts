// The algorithms of a limiter (../limiter/) once more, as they run inside Redis: a hit is one round trip, and no hit waits for
// another one to be committed. What they decide is what the functions there decide, and a spec holds one to the other.
//
// ARGV: the id of the state that comes; the cost; whether the hit is counted though it is denied; then for each part of the
// rule its letter, limit, period, offset, and what drains in a millisecond. Returns whether the hit was counted, the time, and
// the text of the states before.

import { mostCount } from '../limiter/algorithm.js'
import { unitsPerHit } from '../limiter/rule.js'
import { clock, foreign, type Script, scriptOf } from './scripts.js'

/** What the script returns first, if it has counted the hit. */
export const counted = 1
/** The text is not that of a limiter. */
export const notALimit = 3

export const argsOfPart = 5

const window = `
hits.w = function(part, state, cost)
  local is_open = state[1] and now < state[1] and state[1] - now <= 2 * part.per
  local before = is_open and state[2] or 0
  local ends = now + part.per
  if part.letter == 'a' then ends = (math.floor((now - part.offset) / part.per) + 1) * part.per + part.offset end
  if is_open then ends = state[1] end
  return before + cost <= part.limit, {ends, math.min(before + cost, most)}, ends
end
hits.a = hits.w`

const sliding = `
hits.s = function(part, log, cost)
  local last = log[#log - 1] or 0
  if last - now > part.per then log, last = {}, 0 end
  local time = math.max(now, last)
  local kept, sum = {}, 0
  for at = 1, #log, 2 do
    if log[at] > time - part.per then
      kept[#kept + 1] = log[at]
      kept[#kept + 1] = log[at + 1]
      sum = sum + log[at + 1]
    end
  end
  local is_allowed = sum + cost <= part.limit
  if kept[#kept - 1] == time then
    kept[#kept] = math.min(kept[#kept] + cost, most)
  else
    kept[#kept + 1] = time
    kept[#kept + 1] = cost
  end
  local left, from = sum + cost, 1
  while left - kept[from + 1] >= part.limit do
    left = left - kept[from + 1]
    from = from + 2
  end
  local next = {}
  for at = from, #kept do next[#next + 1] = kept[at] end
  return is_allowed, next, time + part.per
end`

const bucket = `
hits.b = function(part, state, cost)
  local at, level = state[1] or 0, state[2] or 0
  if at - now > part.per then at, level = 0, 0 end
  local time = math.max(now, at)
  local filled = math.max(0, level - math.floor((time - at) * part.drain)) + cost * ${unitsPerHit}
  local next = math.min(filled, most)
  return filled <= part.limit * ${unitsPerHit}, {time, next}, time + math.ceil(next / part.drain) + 1
end`

const spelling = `
local digits = '0123456789abcdefghijklmnopqrstuvwxyz'
local function spell(number)
  local text = ''
  repeat
    local digit = number % 36
    text = string.sub(digits, digit + 1, digit + 1) .. text
    number = (number - digit) / 36
  until number == 0
  return text
end
local function parse(text, parts)
  local letter, one, other = string.match(text, '^([wasb])([0-9a-z]+)-([0-9a-z]+)$')
  if letter and #parts == 1 and #one <= 11 and #other <= 11 then
    return letter == parts[1].letter and {{tonumber(one, 36), tonumber(other, 36)}} or {}
  end
  local states, is_same = {}, true
  for word in string.gmatch(text .. '--', '(.-)%-%-') do
    local is_state = string.find(word, '^[wasb]$') or string.find(word, '^[wasb][0-9a-z][0-9a-z-]*$')
    if not is_state or string.find(word, '%-$') then return nil end
    local state = {}
    for number in string.gmatch(string.sub(word, 2), '[^-]+') do
      if #number > 11 then return nil end
      state[#state + 1] = tonumber(number, 36)
    end
    if #state % 2 > 0 then return nil end
    states[#states + 1] = state
    local part = parts[#states]
    is_same = is_same and part and part.letter == string.sub(word, 1, 1)
  end
  return is_same and #states == #parts and states or {}
end`

const body = `
local parts = {}
for at = 4, #ARGV, ${argsOfPart} do
  parts[#parts + 1] = {letter = ARGV[at], limit = tonumber(ARGV[at + 1]), per = tonumber(ARGV[at + 2]),
    offset = tonumber(ARGV[at + 3]), drain = tonumber(ARGV[at + 4])}
end
local got = redis.call('HMGET', KEYS[1], 's', 'v')
local words, text = got[1], got[2]
if not words and redis.call('HLEN', KEYS[1]) > redis.call('HEXISTS', KEYS[1], 'd') then return {${foreign}, now, false} end
local id, kind, fence, before
if words then id, kind, fence, before = string.match(words, '^(%S+) %S+ %S+ (%S+) %S+ %S+ (%S+) %S+ %S+ (%S+)$') end
if words and not id then return {${foreign}, now, false} end
if kind ~= 'live' then text = false end
local states = {}
if text then states = parse(text, parts) end
if not states then return {${notALimit}, now, text} end
local cost, is_counted = tonumber(ARGV[2]), ARGV[3] == '1'
local spelled, ends, is_allowed = {}, 0, true
for at, part in ipairs(parts) do
  local allowed, next, until_ms = hits[part.letter](part, states[at] or {}, cost)
  is_allowed = is_allowed and allowed
  ends = math.max(ends, until_ms)
  for nth, number in ipairs(next) do next[nth] = spell(number) end
  spelled[at] = part.letter .. table.concat(next, '-')
end
if cost == 0 or not (is_allowed or is_counted) then return {0, now, text} end
local lineage = id or '-'
if id and before ~= '-' then lineage = lineage .. ',' .. string.sub(before, 1, 33) end
local ends_at = string.format('%.0f', ends)
redis.call('HSET', KEYS[1], 's',
  ARGV[1] .. ' ' .. ends_at .. ' ' .. string.format('%.0f', now) .. ' live ' .. ARGV[1] .. ' 0 ' .. (fence or '0') .. ' - - ' .. lineage, 'v', table.concat(spelled, '--'))
redis.call('PEXPIREAT', KEYS[1], ends_at)
return {${counted}, now, text}`

const algorithms = { w: window, a: window, s: sliding, b: bucket } as const
type Letter = keyof typeof algorithms

/** `time`: Lua that sets `now`. `letters`: the algorithms that are in it, because each call makes the functions anew. */
export function limitScriptBy(time: string, letters: readonly Letter[] = ['w', 's', 'b']): Script {
  const texts = new Set(letters.map(letter => algorithms[letter]))
  return scriptOf(`${time}\nlocal most = ${mostCount}\nlocal hits = {}${[...texts].join('')}${spelling}${body}`)
}

const scripts = new WeakMap<object, Script>()

/** The script for a rule with such parts. A limiter has the same ones all its life. */
export function limitScriptFor(parts: readonly { readonly letter: Letter }[]): Script {
  const known = scripts.get(parts)
  if (known) return known
  const script = limitScriptBy(clock, [...new Set(parts.map(({ letter }) => letter))].sort())
  scripts.set(parts, script)
  return script
}
