// A server keeps what its users send. They choose the names, and one of them plants links: whatever they do, nothing is
// written or read outside of the directory. Run it: node dist/examples/uploads.js

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { within } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

setGracefulCleanup()
const scratch = await dir({ prefix: 'holdfast-uploads', unsafeCleanup: true })
const secret = join(scratch.path, 'secret')
await writeFile(secret, 'of the server')
await mkdir(join(scratch.path, 'uploads'))

{
  await using uploads = await within(join(scratch.path, 'uploads'), { maxBytes: 1000, maxDepth: 3 })
  await uploads.mkdirp('mallory')
  await symlink('../..', join(scratch.path, 'uploads/mallory/up'))
  await symlink(secret, join(scratch.path, 'uploads/mallory/me'))

  const receive = async (name: string, content: string) => {
    const code = (error: NodeJS.ErrnoException) => error.code
    const refused = await uploads.writeFile(name, content, { parents: true }).catch(code)
    console.log(`${name}: ${refused ?? 'saved'}`)
  }
  await receive('anna/photos/cat.jpg', 'a cat')
  await receive('../secret', 'gone')
  await receive('mallory/up/secret', 'gone')
  await receive('mallory/me', 'gone')
  await receive('berta/much', 'x'.repeat(1001))
  console.log(`The cat is ${await uploads.readFile('anna/photos/cat.jpg', { encoding: 'utf8' })}`)
  console.log(`What was read: ${await uploads.readFile('mallory/me').catch(({ code }) => code)}`)
  console.log(`Containment: ${uploads.containment}. The secret is ${await readFile(secret, 'utf8')}`)
}
await scratch.cleanup()
