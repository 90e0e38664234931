// Where `holdfast/fs-extra` does more than fs-extra, or refuses what that does; and what no comparison shows: filters,
// callbacks, the shapes of `read` and `write`.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import fs from 'holdfast/fs-extra'
import { door, driveSync } from 'holdfast/steps'
import { outputFile } from '../../../lib/faces/fs-extra/output.js'
import { assert, holds, scratch } from '../../support/kit.js'

const top = fileURLToPath(new URL('../../../..', import.meta.url))

/** Returns the error that a call throws. */
function thrownBy(call: () => unknown): NodeJS.ErrnoException {
  try {
    call()
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  throw new Error('nothing was thrown')
}

holds('a file that is replaced is a new one, with the mode of the old one', async () => {
  const file = join(scratch(), 'f')
  writeFileSync(file, 'old', { mode: 0o640 })
  const was = statSync(file)
  await fs.writeFile(file, 'new', { mode: 0o600 })
  assert.is(statSync(file).mode & 0o777, 0o640)
  assert.not.equal(statSync(file).ino, was.ino)
  fs.outputJsonSync(file, [1], { spaces: 2 })
  assert.is(readFileSync(file, 'utf8'), '[\n  1\n]\n')
  assert.equal(readdirSync(join(file, '..')), ['f'])
})

holds('what cannot be replaced is written as Node does it', async () => {
  const dir = scratch()
  writeFileSync(join(dir, 'f'), 'old')
  linkSync(join(dir, 'f'), join(dir, 'second'))
  await fs.writeFile(join(dir, 'f'), 'both')
  assert.is(readFileSync(join(dir, 'second'), 'utf8'), 'both')
  await fs.writeFile('/dev/null', 'nothing')
  const fd = fs.openSync(join(dir, 'g'), 'w')
  await fs.writeFile(fd, 'by descriptor')
  await fs.close(fd)
  assert.is(readFileSync(join(dir, 'g'), 'utf8'), 'by descriptor')
})

if (process.getuid?.() === 0 || process.platform === 'win32')
  holds.skip('a read-only file is not replaced', 'root may write it')
else
  holds('a read-only file is not replaced', () => {
    const file = join(scratch(), 'f')
    writeFileSync(file, 'old')
    chmodSync(file, 0o444)
    assert.is(thrownBy(() => fs.writeFileSync(file, 'new')).code, 'EACCES')
  })

holds('a path of bytes may be any path', async () => {
  const dir = scratch()
  await fs.writeFile(Buffer.from(join(dir, 'f')), 'x')
  await fs.mkdir(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff])]), { recursive: true })
  assert.is(readdirSync(dir).length, 2)
})

holds('ensureFile leaves a file as it is, and looks where a link leads', () => {
  const dir = scratch()
  symlinkSync('deep/er', join(dir, 'link'))
  fs.ensureFileSync(join(dir, 'link'))
  assert.is(readFileSync(join(dir, 'deep/er'), 'utf8'), '')
  writeFileSync(join(dir, 'f'), 'text')
  fs.ensureFileSync(join(dir, 'f'))
  assert.is(readFileSync(join(dir, 'f'), 'utf8'), 'text')
})

holds('move never replaces a link that leads nowhere, unless it may', () => {
  const dir = scratch()
  writeFileSync(join(dir, 'f'), 'f')
  symlinkSync('gone', join(dir, 'link'))
  assert.is(thrownBy(() => fs.moveSync(join(dir, 'f'), join(dir, 'link'))).message, 'dest already exists.')
  assert.is(readlinkSync(join(dir, 'link')), 'gone')
  fs.moveSync(join(dir, 'f'), join(dir, 'link'), { overwrite: true })
  assert.is(readFileSync(join(dir, 'link'), 'utf8'), 'f')
})

holds('move refuses a link in the place of what it leads to', () => {
  const dir = scratch()
  writeFileSync(join(dir, 'f'), 'f')
  symlinkSync('f', join(dir, 'link'))
  assert.is(thrownBy(() => fs.moveSync(join(dir, 'link'), join(dir, 'f'), { overwrite: true })).code, 'EINVAL')
  assert.is(thrownBy(() => fs.renameSync(join(dir, 'link'), join(dir, 'f'))).code, 'EINVAL')
  assert.is(readFileSync(join(dir, 'f'), 'utf8'), 'f')
})

holds('rename: of two names of one file, the old one is gone', () => {
  const dir = scratch()
  writeFileSync(join(dir, 'f'), 'f')
  linkSync(join(dir, 'f'), join(dir, 'second'))
  fs.renameSync(join(dir, 'f'), join(dir, 'second'))
  assert.equal(readdirSync(dir), ['second'])
})

if (process.platform === 'win32') holds.skip('no pipe is replaced, or copied', 'Windows has no such pipes')
else
  holds('no pipe is replaced, or copied', () => {
    const dir = scratch()
    const pipe = join(dir, 'pipe')
    spawnSync('mkfifo', [pipe])
    writeFileSync(join(dir, 'f'), 'f')
    assert.is(thrownBy(() => fs.copySync(join(dir, 'f'), pipe)).code, 'EINVAL')
    assert.is(thrownBy(() => fs.copySync(pipe, join(dir, 'x'))).message, `Cannot copy a FIFO pipe: ${pipe}`)
    mkdirSync(join(dir, 'd'))
    spawnSync('mkfifo', [join(dir, 'd/p')])
    const { message, cause } = thrownBy(() => fs.copySync(join(dir, 'd'), join(dir, 'x')))
    assert.is(message, `Cannot copy a FIFO pipe: ${join(dir, 'd/p')}`)
    assert.is((cause as NodeJS.ErrnoException).code, 'EINVAL')
    assert.ok(lstatSync(pipe).isFIFO())
  })

holds('remove and emptyDir refuse roots, and remove finds nothing below a file', () => {
  const dir = scratch()
  writeFileSync(join(dir, 'f'), '')
  fs.removeSync(join(dir, 'f/x'))
  for (const path of ['/', '.', '..', `${dir}/..`])
    assert.is(thrownBy(() => fs.removeSync(path)).code, 'ERR_INVALID_ARG_VALUE')
  assert.is(thrownBy(() => fs.emptyDirSync('/')).code, 'ERR_INVALID_ARG_VALUE')
  assert.is(thrownBy(() => fs.emptyDirSync(join(dir, 'f'))).code, 'ENOTDIR')
})

holds('emptyDir empties, and makes what is missing; it resolves to nothing', async () => {
  const dir = scratch()
  mkdirSync(join(dir, 'd/e'), { recursive: true })
  assert.is(await fs.emptyDir(join(dir, 'd')), undefined)
  assert.equal(readdirSync(join(dir, 'd')), [])
  assert.is(await fs.emptydir(join(dir, 'a/b')), undefined)
  assert.ok(existsSync(join(dir, 'a/b')))
})

holds('the filter of copy gets the paths as the caller spells them, and may wait', async () => {
  const dir = scratch()
  mkdirSync(join(dir, 'd/e'), { recursive: true })
  for (const name of ['d/keep', 'd/drop', 'd/e/keep']) writeFileSync(join(dir, name), name)
  const seen: string[] = []
  const before = process.cwd()
  process.chdir(dir)
  try {
    await fs.copy('./d', 'made/../x', {
      filter: async (source, target) => {
        seen.push(`${source} ${target}`)
        await new Promise(resolve => setImmediate(resolve))
        return !source.endsWith('drop')
      },
    })
  } finally {
    process.chdir(before)
  }
  const below = ['d/drop x/drop', 'd/e x/e', 'd/e/keep x/e/keep', 'd/keep x/keep'].map(line =>
    line.replaceAll('/', sep),
  )
  assert.equal(seen.sort(), ['./d made/../x', ...below])
  assert.equal(readdirSync(join(dir, 'x')).sort(), ['e', 'keep'])
  fs.copySync(join(dir, 'd'), join(dir, 'y'), source => !source.endsWith('e'))
  assert.equal(readdirSync(join(dir, 'y')).sort(), ['drop', 'keep'])
  const failure = new Error('of the filter')
  const failing = () => {
    throw failure
  }
  assert.is(
    thrownBy(() => fs.copySync(join(dir, 'd'), join(dir, 'z'), { filter: failing })),
    failure,
  )
  const waiting = (async () => false) as unknown as () => boolean
  assert.is(
    thrownBy(() => fs.copySync(join(dir, 'd'), join(dir, 'z'), { filter: waiting })).code,
    'ERR_INVALID_RETURN_VALUE',
  )
  assert.is(existsSync(join(dir, 'z')), false)
})

holds('what a callback throws is an uncaught exception, and no rejection', () => {
  const script = `
    import fs from 'holdfast/fs-extra'
    process.on('unhandledRejection', () => console.log('rejection'))
    process.on('uncaughtException', ({ message }) => console.log(message))
    const returned = [
      fs.ensureDir('.', () => { throw new Error('own') }),
      fs.mkdir('.', { recursive: true }, () => { throw new Error('better') }),
      fs.stat('.', () => { throw new Error('native') }),
    ]
    console.log(returned.every(one => one === undefined))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: top, encoding: 'utf8' })
  assert.equal(stdout.trim().split('\n').sort(), ['better', 'native', 'own', 'true'])
})

holds('read, write, readv and writev come to both values', async () => {
  const fd = await fs.open(join(scratch(), 'f'), 'w+')
  const bytes = Buffer.from('text')
  assert.equal(await fs.write(fd, bytes, 0, 4, 0), { bytesWritten: 4, buffer: bytes })
  assert.equal(await fs.write(fd, 'more', 4), { bytesWritten: 4, buffer: 'more' })
  assert.equal(await fs.writev(fd, [bytes, bytes], 8), { bytesWritten: 8, buffers: [bytes, bytes] })
  const into = Buffer.alloc(8)
  assert.equal(await fs.read(fd, into, 0, 8, 0), { bytesRead: 8, buffer: into })
  assert.is(into.toString(), 'textmore')
  // From where the last one has ended, if no position is given: nothing was read so.
  const readOn = fs.read as (...args: readonly unknown[]) => Promise<unknown>
  assert.equal(await readOn(fd, into, 0, 4), { bytesRead: 4, buffer: into })
  assert.is(into.toString(), 'textmore')
  const { bytesRead, buffers } = await fs.readv(fd, [into], 8)
  assert.is(bytesRead, 8)
  assert.equal(buffers, [into])
  await new Promise<void>((resolve, reject) => {
    fs.read(fd, into, 0, 4, 0, (error, read, same) => {
      if (error || read !== 4 || same !== into) reject(error ?? new Error('other values'))
      else resolve()
    })
  })
  await fs.close(fd)
})

holds('realpath.native and exists have promises, too', async () => {
  const dir = scratch()
  assert.is(await fs.realpath.native(dir), fs.realpathSync(dir))
  assert.is(await fs.exists(dir), true)
  assert.is(await new Promise(resolve => fs.exists(join(dir, 'none'), resolve)), false)
})

if (process.platform !== 'linux') holds.skip('while no descriptor is free, a call waits for one', 'ulimit is needed')
else
  holds('while no descriptor is free, a call waits for one, in all forms', () => {
    const dir = scratch()
    writeFileSync(join(dir, 'f'), '1')
    const script = `
      import fs from 'holdfast/fs-extra'
      const file = ${JSON.stringify(join(dir, 'f'))}
      const reads = Array.from({ length: 400 }, (_, at) => [
        fs.readFile(file, 'utf8'),
        fs.readJson(file),
        new Promise((resolve, reject) => fs.readFile(file, 'utf8', (error, text) => error ? reject(error) : resolve(text))),
        fs.copyFile(file, file + at),
      ])
      const read = await Promise.all(reads.flat())
      const plain = await Promise.allSettled(reads.map(() => fs.promises.readFile(file)))
      console.log(read.filter(one => String(one) === '1').length, plain.some(({ status }) => status === 'rejected'))`
    const limited = 'ulimit -n 200; exec "$0" --input-type=module -e "$1"'
    const { stdout, stderr } = spawnSync('sh', ['-c', limited, process.execPath, script], {
      cwd: top,
      encoding: 'utf8',
    })
    // Without the wait there is an error.
    assert.is(stdout.trim(), '1200 true', stderr)
  })

holds('JSON goes through a filesystem of the caller', async () => {
  const said: unknown[] = []
  const own = {
    readFileSync: () => '[1]',
    readFile: (_: unknown, __: unknown, done: (error: null, text: string) => void) => done(null, '[2]'),
    writeFileSync: (...args: unknown[]) => void said.push(args[1]),
    writeFile: (...args: unknown[]) => {
      said.push(args[1])
      ;(args[3] as () => void)()
    },
  } as unknown as typeof import('node:fs')
  assert.equal([fs.readJsonSync('x', { fs: own }), await fs.readJson('x', { fs: own })], [[1], [2]])
  fs.writeJsonSync('x', 1, { fs: own })
  await fs.writeJson('x', 2, { fs: own })
  assert.equal(said, ['1\n', '2\n'])
})

holds('a call that is aborted leaves the old file', async () => {
  const dir = scratch()
  writeFileSync(join(dir, 'f'), 'old')
  for (const write of [fs.writeFile, fs.outputFile] as const) {
    const error = await (write as typeof fs.promises.writeFile)(join(dir, 'f'), 'new', { signal: AbortSignal.abort() })
      .then(() => undefined)
      .catch((error: NodeJS.ErrnoException) => error)
    assert.is(error?.code, 'ABORT_ERR')
  }
  assert.is(readFileSync(join(dir, 'f'), 'utf8'), 'old')
})

holds('a file that is replaced while it is looked at has no name left, and what came for it is not emptied', () => {
  const file = join(scratch(), 'f')
  writeFileSync(file, 'old')
  const fd = openSync(file, 'r')
  const performSync: typeof door.performSync = call => {
    const seen = door.performSync(call)
    const isLook = (call.op === 'lstat' || call.op === 'stat') && call.args[0] === file
    return isLook && seen ? Object.assign(Object.create(seen), { nlink: 0n }) : seen
  }
  driveSync(outputFile.steps(file, 'new'), { door: { ...door, performSync } })
  assert.is(readFileSync(file, 'utf8'), 'new')
  assert.is(readFileSync(fd, 'utf8'), 'old', 'the file itself was written')
  closeSync(fd)
})
