// What of the machine can be reached from inside of the jail? Each line that begins with BAD is a hole in it.
import { readdirSync, realpathSync, writeFileSync } from 'node:fs'

const say = (isGood, what) => console.log(isGood ? 'ok ' : 'BAD', what)

function names(path) {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

for (const letter of 'ABDEFGHIJKLMNOPQRSTUXYZ')
  if (names(`${letter}:\\`).length > 0) say(false, `there is a drive ${letter}:`)

const own = new Set(['bin', 'dev', 'etc', 'lib', 'lib64', 'prefix', 'proc', 'sbin', 'tmp', 'usr', 'w'])
const strangers = names('\\\\?\\unix\\').filter(name => !own.has(name))
say(strangers.length === 0, `by Wine's own door: ${strangers.join(' ') || 'nothing but the jail'}`)

for (const place of ['usr', 'etc']) {
  let wrote = true
  try {
    writeFileSync(`\\\\?\\unix\\${place}\\holdfast-reach-${process.pid}`, '')
  } catch {
    wrote = false
  }
  say(!wrote, `${place} is ${wrote ? 'WRITABLE' : 'read only'}`)
}

for (const name of names('C:\\users\\user')) {
  const there = realpathSync.native(`C:\\users\\user\\${name}`)
  if (!/^C:\\users\\/i.test(there)) say(false, `${name} leads to ${there}`)
}
console.log('ok ', process.version, process.platform, 'libuv', process.versions.uv)
