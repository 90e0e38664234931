// `holdfast limit`, `store ...` and `content ...`, as processes.

import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from 'holdfast/store'
import { cli, ends, node } from '../support/cli.js'
import { assert, holds, raced, scratch } from '../support/kit.js'

const exit = (status: number): string[] => node(`process.exitCode = ${status}`)

raced('limit: of several processes, as many run their program as the rate allows', async () => {
  const dir = join(scratch(), 'limits')
  const all = await Promise.all([1, 2, 3, 4].map(() => cli(['limit', dir, 'key', '--rate', '2/1h', ...exit(0)])))
  assert.equal(all.map(({ status }) => status).sort(), [0, 0, 1, 1])
  for (const { status, err } of all) if (status === 1) assert.match(err, /not allowed now, but in \d+ s: key/)
})

holds('limit: the status of the program, of what is not allowed, and of what is written wrong', async () => {
  const dir = join(scratch(), 'limits')
  const limit = (...more: string[]) => ['limit', dir, 'a/../b', '--rate=1/h', ...more]
  await ends(6, limit(...exit(6)))
  await Promise.all([
    ends(9, limit('-E9', ...exit(0))),
    ends(124, limit('-w', '100ms', ...exit(0))),
    ends(64, ['limit', dir, 'key', ...exit(0)]),
    ends(64, ['limit', dir, 'key', '--rate', 'much', ...exit(0)]),
  ])
  const quick = ['limit', dir, 'quick', '--sliding', '--rate', '1/500ms', '-w', '1h']
  await ends(0, [...quick, ...exit(0)])
  await ends(0, [...quick, ...exit(0)])
})

holds('store: set, get, update, delete, keys', async () => {
  const dir = join(scratch(), 'store')
  const odd = '../a\n"$b'
  await ends(1, ['store', 'get', dir, odd])
  await ends(0, ['store', 'set', dir, odd, '{"n":1}'])
  await ends(1, ['store', 'set', '-n', dir, odd, '2'])
  assert.is((await ends(0, ['store', 'get', dir, odd])).out, '{"n":1}\n')
  const plus = node(`let text = ''; process.stdin.on('data', data => text += data).on('end', () =>
    console.log(JSON.stringify({ n: JSON.parse(text).n + 1 })))`)
  await Promise.all([1, 2].map(() => ends(0, ['store', 'update', dir, odd, ...plus])))
  assert.equal((await fileStore(dir).get(odd))?.value, { n: 3 })
  await ends(3, ['store', 'update', dir, odd, ...exit(3)])
  await ends(65, ['store', 'update', dir, odd, ...node(`console.log('no json')`)])
  await ends(1, ['store', 'update', dir, 'none', ...plus])
  await ends(0, ['store', 'set', dir, 'b'], { input: 'null' })
  await ends(64, ['store', 'set', dir, 'b'], { input: 'no json' })
  assert.is((await ends(0, ['store', 'keys', '-0', dir])).out, `${odd}\0b\0`)
  assert.is((await ends(0, ['store', 'keys', '--prefix=b', dir])).out, 'b\n')
  await ends(0, ['store', 'delete', dir, odd])
  await ends(1, ['store', 'delete', dir, odd])
})

holds('store: bytes, and values that expire', async () => {
  const dir = join(scratch(), 'store')
  const data = Buffer.from([0, 255, 10])
  await ends(0, ['store', 'set', '--bytes', '--ttl', '1h', dir, 'k'], { input: data })
  const { out } = await ends(0, ['store', 'get', '--bytes', '--json', dir, 'k'])
  const { value, written, expires } = JSON.parse(out)
  assert.equal([value, expires - written], [data.toString('base64'), 3_600_000])
})

holds('content: put, checkout, verify, evict', async () => {
  const top = scratch()
  const [dir, to] = [join(top, 'content'), join(top, 'a', 'b')]
  const { out } = await ends(0, ['content', 'put', dir], { input: 'bytes' })
  const digest = out.trim()
  assert.is((await ends(0, ['content', 'put', dir, ...node(`process.stdout.write('bytes')`)])).out, out)
  await ends(3, ['content', 'put', dir, ...node(`process.stdout.write('half'); process.exitCode = 3`)])
  await ends(65, ['content', 'put', '--digest', digest, dir], { input: 'other' })
  await ends(66, ['content', 'checkout', dir, digest, to])
  await ends(0, ['content', 'checkout', '-p', '--copy', dir, digest, to])
  assert.is(readFileSync(to, 'utf8'), 'bytes')
  await ends(1, ['content', 'checkout', dir, digest.replace(/.$/, end => (end === '0' ? '1' : '0')), `${to}2`])
  assert.not.ok(existsSync(`${to}2`))
  assert.is((await ends(0, ['content', 'verify', dir])).out, '')
  damage(dir)
  assert.is((await ends(1, ['content', 'verify', dir])).out, `${digest}\n`)
  await ends(0, ['content', 'put', dir], { input: 'bytes' })
  const { out: said } = await ends(0, ['content', 'evict', '--max-bytes=1', '--json', dir])
  assert.is(JSON.parse(said).left.count, 0)
  await ends(1, ['content', 'checkout', dir, digest, `${to}2`])
})

/** Changes the blob that has these bytes. */
function damage(dir: string): void {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    const path = join(dir, name)
    if (!statSync(path).isFile() || readFileSync(path, 'utf8') !== 'bytes') continue
    chmodSync(path, 0o600)
    writeFileSync(path, 'bytez')
  }
}
