// A store in S3 through the clients that people have: the contract, and lost replies. With moto_server, where there is
// one, a server that is not ours says how S3 speaks.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type S3Like, type S3StoreOptions, s3Store } from 'holdfast/s3'
import type { Store } from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { afterwards, allAtOnce, assert, holds, note, sized } from '../../support/kit.js'
import { noS3Clients, type S3Client, s3Clients } from '../../support/s3-clients.js'
import { type S3Server, startS3 } from '../../support/s3-server.js'

let shared: Promise<S3Server> | undefined
const server = () => {
  shared ??= startS3()
  return shared
}
afterwards(async () => (await shared)?.close())

const open = <T = unknown>(client: S3Like, endpoint: string, options: Partial<S3StoreOptions<T>> = {}): Store<T> =>
  s3Store<T>(client, { bucket: 'specs', prefix: 'a/', endpoint, timeout: 60_000, ...options })

function contractOf(
  what: string,
  one: S3Client,
  endpoint: () => Promise<string>,
  why: string | undefined,
  unit = 600,
): void {
  if (why) {
    holds.skip(`${what}: the contract`, why)
    return
  }
  let client: S3Like | undefined
  const lines = storeContract(
    async (place, options) => {
      client ??= one.connect(await endpoint())
      return open(client, await endpoint(), {
        prefix: `${what}/${place}/`.replaceAll(/[@ ]/g, '-'),
        ...options,
      } as object)
    },
    { unit, forms: ['promise'] },
  )
  // At once, because they usually wait; but not at a server that is slow.
  const result = unit > 600 ? (at: number) => lines[at]?.run() : allAtOnce(lines.map(({ run }) => run))
  for (const [at, { name }] of lines.entries()) {
    holds(`${what}: ${name}`, () => result(at))
  }
}

// That of aws4fetch is `fetch` with signatures.
for (const one of s3Clients.filter(({ name }) => sized(name.startsWith('@aws-sdk'), true)))
  contractOf(one.name, one, async () => (await server()).endpoint, noS3Clients)

for (const one of s3Clients) {
  const title = `${one.name}: every third reply is lost, and every update is made once`
  if (noS3Clients) holds.skip(title, noS3Clients)
  else
    holds(title, async () => {
      const flaky = await startS3()
      try {
        const store = open<number>(one.connect(flaky.endpoint), flaky.endpoint)
        await store.create('k', 0)
        flaky.faults.fate = change => (change % 3 === 2 ? 'reply lost' : undefined)
        for (let value = 1; value <= 30; value++)
          assert.is((await store.update('k', old => old.value + 1)).entry?.value, value)
        note(`${flaky.counts.lost} replies were lost, ${flaky.counts.refused} conditions were refused`)
        assert.ok(flaky.counts.lost >= 10)
        assert.is((await store.remove('k')).ok, true)
        assert.is(await store.get('k'), undefined)
      } finally {
        await flaky.close()
      }
    })
}

/** Its start takes seconds, so it belongs to the tests at full size. */
const noMoto = sized('only at full size', undefined) ?? (hasMoto() ? noS3Clients : 'there is no moto_server here')

function hasMoto(): boolean {
  return spawnSync('moto_server', ['--help'], { timeout: 20_000 }).status === 0
}

let moto: Promise<{ endpoint: string; stop(): Promise<void> }> | undefined
afterwards(async () => (await moto)?.stop())

async function startMoto() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const endpoint = `http://127.0.0.1:${port}`
  for (const until = performance.now() + 60_000; performance.now() < until; await pause(100))
    if (
      await fetch(`${endpoint}/specs`, { method: 'PUT' }).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break
  const stop = async () => {
    const gone = once(child, 'exit')
    kill()
    await gone
    process.off('exit', kill)
  }
  return { endpoint, stop }
}

for (const one of s3Clients.filter(({ name }) => !name.startsWith('the fetch')))
  contractOf(
    `${one.name} and moto_server`,
    one,
    async () => {
      moto ??= startMoto()
      return (await moto).endpoint
    },
    noMoto,
    1_500,
  )
