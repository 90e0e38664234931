// What a root is: limits, mounts, locks that outlive their call, closing, descriptors, and where /proc is missing.

import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cell, lock as lockByPath, within } from 'holdfast'
import { type Call, drive, driveSync, dual, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { byPaths } from '../support/by-paths.js'
import { assert, holds, memory, note, scratch } from '../support/kit.js'
import { eventually, until } from '../support/left.js'
import { isWindows, isWine } from '../windows/flavour.js'
import { acts, stepsOf } from './acts.js'
import { layOut } from './ground.js'

const onLinux = process.platform === 'linux'
const isRoot = process.getuid?.() === 0
/** How many files below a directory are open. (A watcher of Node's keeps a descriptor that is about none.) */
const openFiles = (top: string): number =>
  readdirSync('/proc/self/fd').filter(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(top)
    } catch {
      return false
    }
  }).length

/** Does the cell name this payload? Then it is its own: of a call that had come to its end in the background, too. */
function isPayloadOfCell(root: string, name: string): boolean {
  const [, of, nonce] = /(?:^|\/)\.([^/]*)\.[^.]+\.([0-9a-f]+)\.payload\.holdfast$/.exec(name) ?? []
  if (of === undefined) return false
  const state = cell.read.sync(join(root, name, '..', of))
  return state?.payload?.nonce === nonce
}

async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
  return undefined
}

holds('a file that has more bytes than allowed is neither written nor read, and nothing is left of it', async () => {
  const { root } = layOut()
  using dir = within.sync(root, { maxBytes: 10 })
  writeFileSync(join(root, 'large'), 'x'.repeat(11))
  truncateSync(join(root, 'a/f'), 1000)
  const pieces = async function* () {
    for (let i = 0; i < 4; i++) yield 'abc'
  }
  const before = readdirSync(root, { recursive: true })
  const calls: readonly (() => unknown)[] = [
    () => dir.writeFile('f', 'x'.repeat(11)),
    () => dir.writeFile.sync('f', ['x'.repeat(6), 'x'.repeat(5)]),
    () => dir.writeFile('f', pieces()),
    () => dir.writeFile('f', 'x'.repeat(11), { inPlace: 'when-needed' }),
    () => dir.createExclusive('new', 'x'.repeat(11)),
    () => dir.getOrCreate.sync('new', () => 'x'.repeat(11), { durability: 'none' }),
    () => dir.readFile('large'),
    () => dir.readFile.sync('a/f'),
    () => dir.copy('large', 'new'),
    () => dir.copy('a/f', 'new'),
    () => dir.updateFile('large', () => ''),
    () => dir.updateFile(['f', 'large'], () => undefined),
    () => dir.getOrCreate('large', () => '', { read: 'utf8' }),
    () => dir.getOrCreate.sync('a/f', () => '', { read: 'buffer', maxAge: 3_600_000 }),
  ]
  for (const call of calls) assert.is(await codeOf(call), 'ERR_LIMIT', String(call))
  assert.is(await codeOf(() => dir.updateFile('f', old => `${old}12345`)), 'ERR_LIMIT')
  assert.is(readFileSync(join(root, 'f'), 'utf8'), 'inside')
  const left = readdirSync(root, { recursive: true }).filter(name => !String(name).includes('.lock'))
  assert.equal(left.sort(), before.filter(name => !String(name).includes('.lock')).sort())
  // What is allowed goes on.
  await dir.writeFile('f', 'x'.repeat(10))
  await dir.updateFile('f', old => `${old}`)
  assert.is(await dir.readFile('f', { encoding: 'utf8' }), 'x'.repeat(10))
})

holds('a call makes or removes no more things than allowed, and goes no deeper', async () => {
  const { root } = layOut()
  mkdirSync(join(root, 'tree/in'), { recursive: true })
  for (const name of ['1', '2', '3', 'in/4']) writeFileSync(join(root, 'tree', name), '')
  using dir = within.sync(root, { maxEntries: 6, maxDepth: 3 })
  await dir.copy('tree', 'copied')
  assert.equal(readdirSync(join(root, 'copied'), { recursive: true }).sort(), ['1', '2', '3', 'in', join('in', '4')])
  assert.is(await dir.remove('copied'), true)
  writeFileSync(join(root, 'tree/in/5'), '')
  const things = readdirSync(join(root, 'tree'), { recursive: true }).length
  for (const form of ['promise', 'sync'] as const)
    for (const name of ['copy', 'remove', 'emptyDir']) {
      cpSync(join(root, 'tree'), join(root, 'one'), { recursive: true })
      assert.is(
        await codeOf(() => acts[name]?.(dir, form, 'one')),
        name === 'emptyDir' && things < 7 ? undefined : 'ERR_LIMIT',
        name,
      )
      if (name !== 'copy') assert.ok(existsSync(join(root, 'one')), 'what is left has its name')
      rmSync(join(root, 'one'), { recursive: true })
      rmSync(join(root, 'new'), { recursive: true, force: true })
    }
  for (const name of Object.keys(acts))
    assert.is(await codeOf(() => acts[name]?.(dir, 'promise', 'a/b/c/d')), 'ERR_LIMIT', name)
  mkdirSync(join(root, 'deep/er/and/deeper'), { recursive: true })
  writeFileSync(join(root, 'deep/er/and/deeper/f'), '')
  assert.is(await codeOf(() => dir.copy('deep', 'new')), 'ERR_LIMIT')
  assert.is(await codeOf(() => dir.remove('deep')), 'ERR_LIMIT')
  assert.ok(existsSync(join(root, 'deep/er')))
})

holds('where directories are found by their paths, a call goes no deeper either', () => {
  const root = scratch()
  mkdirSync(join(root, 'deep/er/and/deeper'), { recursive: true })
  writeFileSync(join(root, 'deep/er/and/deeper/f'), '')
  const script = `
    Object.defineProperty(process, 'platform', { value: process.platform === 'linux' ? 'darwin' : process.platform })
    const { within } = await import('${new URL('../../lib/index.js', import.meta.url).href}')
    const dir = within.sync(process.argv[1], { maxDepth: 3 })
    for (const call of [() => dir.copy('deep', 'new'), () => dir.remove('deep')])
      console.log(await call().catch(error => error.code))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, root], {
    encoding: 'utf8',
  })
  assert.equal([stdout.split('\n'), stderr], [['ERR_LIMIT', 'ERR_LIMIT', ''], ''])
  assert.ok(existsSync(join(root, 'deep/er/and/deeper/f')))
})

holds('bad limits and bad paths are refused with the codes of Node', async () => {
  const { root } = layOut()
  assert.is(await codeOf(() => within(root, { maxBytes: -1 })), 'ERR_OUT_OF_RANGE')
  assert.is(await codeOf(() => within(root, { maxDept: 1 } as object)), 'ERR_INVALID_ARG_VALUE')
  assert.is(await codeOf(() => within(join(root, 'none'))), 'ENOENT')
  assert.is(await codeOf(() => within(join(root, 'f'))), 'ENOTDIR')
  using dir = within.sync(root)
  for (const [name, act] of Object.entries(acts))
    for (const [path, code] of [
      ['', 'ERR_INVALID_ARG_VALUE'],
      ['a\0b', 'ERR_INVALID_ARG_VALUE'],
      [1, 'ERR_INVALID_ARG_TYPE'],
      [pathToFileURL(join(root, 'a')), 'ERR_INVALID_ARG_TYPE'],
    ] as const)
      if (!name.includes('below') && !name.includes('parents') && name !== 'copy there')
        for (const form of ['promise', 'sync'] as const)
          assert.is(await codeOf(() => act(dir, form, path as string)), code, `${name} ${path}`)
  for (const call of [() => dir.writeFile('a/', 'x'), () => dir.writeFile('.', 'x'), () => dir.lock('a/.')])
    assert.is(await codeOf(call), 'ERR_INVALID_ARG_VALUE')
  assert.is(await codeOf(() => dir.symlink('../../x', 'a/new')), 'ERR_OUTSIDE_ROOT')
  assert.is(await codeOf(() => dir.symlink('/etc', 'new')), 'ERR_OUTSIDE_ROOT')
})

holds('a root is the directory that it was, wherever that is moved, and whatever comes in its place', async () => {
  const { dir: top, root, outside } = layOut()
  await using dir = await within(root)
  renameSync(root, join(top, 'moved'))
  symlinkSync(outside, root)
  if (dir.containment === 'best-effort') return
  await dir.writeFile('f', 'new')
  assert.is(await dir.readFile('a/b/f', { encoding: 'utf8' }), 'inside')
  assert.is(readFileSync(join(top, 'moved/f'), 'utf8'), 'new')
  assert.is(readFileSync(join(outside, 'f'), 'utf8'), 'secret')
})

holds('after it was closed, a root refuses all calls; a lock that is held is still renewed and released', async () => {
  const { root } = layOut()
  const before = onLinux ? openFiles(root) : 0
  const dir = await within(root)
  const lease = await dir.lock('a/l')
  assert.is(await lockByPath.try(join(root, 'a/l')), undefined)
  dir.close()
  for (const [name, act] of Object.entries(acts))
    for (const form of ['promise', 'sync'] as const)
      assert.is(await codeOf(() => act(dir, form, 'a')), 'ERR_ROOT_CLOSED', name)
  await lease.renew()
  await lease.release()
  using _ = lockByPath.sync(join(root, 'a/l'), { timeout: 20_000 })
  if (onLinux) assert.is(openFiles(root), before)
  dir.close()
})

holds('a lock whose release has failed is freed in the background from the root, wherever that has gone', async () => {
  const { dir: top, root } = layOut()
  const dir = await within(root)
  const stuck = dual(function* stuck(name: string): Steps<void> {
    yield* dir.withLock.steps(name, () => {})
    // All that goes on later is as it is.
    yield* through(
      dir.withLock.steps(name, () => {}),
      call => {
        const isRelease = call.op === 'rename' && /\.f\.[^/]*$/.test(String(call.args[1]))
        if (isRelease) throw Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'rename' })
        return call
      },
    )
  })
  const isFree = (name: string) => /\.f\./.test(readdirSync(name)[0] ?? '')
  await assert.rejects(stuck('a/l'), { code: 'EIO' })
  assert.not(isFree(join(root, 'a/l.lock')))
  if (dir.containment === 'kernel') renameSync(root, join(top, 'elsewhere'))
  dir.close()
  const moved = dir.containment === 'kernel' ? join(top, 'elsewhere') : root
  await until(() => isFree(join(moved, 'a/l.lock')))
  if (onLinux) await eventually(() => assert.is(openFiles(moved), 0))
})

holds('errors name paths below the root, and never a descriptor, whichever call fails', async () => {
  let errors = 0
  // Under Wine each call takes ten times as long.
  for (const [name, steps] of Object.entries(stepsOf))
    for (let k = 0; k < 60; k += isWine ? 9 : 1) {
      const { root } = layOut(memory)
      mkdirSync(join(root, 'a/b/tree/in'), { recursive: true })
      using dir = within.sync(root)
      const { threw, calls } = failing(steps(dir), k)
      for (let one = threw as NodeJS.ErrnoException | undefined; one; one = one.cause as NodeJS.ErrnoException) {
        errors++
        const said = `${one.message} ${one.path} ${(one as { dest?: string }).dest} ${one.stack?.split('\n    at ')[0]}`
        assert.not.match(said, '/proc/self/fd', `${name}, call ${k}`)
        assert.not.match(said, root, `${name}, call ${k}`)
      }
      if (calls <= k) break
    }
  note(`${errors} errors`)
  assert.ok(errors > (isWine ? 20 : 100))
})

/** The k-th call to the disk fails. */
function failing(steps: Steps<unknown>, k: number, byPath = isWindows): { threw: unknown; calls: number } {
  let calls = 0
  const door = (call: Call): Call => {
    const isDisks = (arg: unknown) =>
      typeof arg === 'string' && (byPath ? isAbsolute(arg) : arg.startsWith('/proc/self/fd/'))
    const path = call.args.find(isDisks)
    if (path === undefined || calls++ !== k) return call
    const error = new Error(`EIO: i/o error, ${call.op} '${path}'`)
    throw Object.assign(error, { code: 'EIO', errno: -5, syscall: call.op, path })
  }
  try {
    driveSync(through(steps, door))
    return { threw: undefined, calls }
  } catch (threw) {
    return { threw, calls }
  }
}

if (onLinux) {
  holds(
    'a call has at most six files open besides the root, and after it at most two directories, until the root is closed',
    async () => {
      for (const [name, steps] of Object.entries(stepsOf)) {
        const { root } = layOut(memory)
        mkdirSync(join(root, 'a/b/tree/in'), { recursive: true })
        const none = openFiles(root)
        using dir = within.sync(root)
        const before = openFiles(root)
        let most = 0
        const door = (call: Call): Call => {
          const own = ['list', 'open', 'readdir', 'readFile'].includes(call.op) ? 1 : 0
          most = Math.max(most, openFiles(root) - before + own)
          return call
        }
        await codeOf(() => driveSync(through(steps(dir), door)))
        note(`${name}: ${most}`)
        assert.ok(most <= 6, `${name}: ${most} at once`)
        assert.ok(openFiles(root) <= before + 2, name)
        dir.close()
        assert.is(openFiles(root), none, name)
      }
    },
  )

  holds('where directories are found by their paths, whichever call fails, no descriptor stays open', () => {
    let errors = 0
    for (const [name, steps] of Object.entries(stepsOf))
      for (let k = 0; k < 60; k++) {
        const { root } = layOut(memory)
        mkdirSync(join(root, 'a/b/tree/in'), { recursive: true })
        const { threw, calls } = byPaths(() => {
          using dir = within.sync(root)
          assert.is(dir.containment, 'best-effort')
          return failing(steps(dir), k, true)
        })
        if (threw) errors++
        assert.is(openFiles(root), 0, `${name}, call ${k}: ${threw}`)
        if (calls <= k) break
      }
    note(`${errors} errors`)
    assert.ok(errors > 100)
  })

  holds('a call that is stopped at any moment leaves no descriptor, and no private name', async () => {
    for (const [name, steps] of Object.entries(stepsOf))
      for (let k = 0; k < 80; k++) {
        const { root } = layOut(memory)
        mkdirSync(join(root, 'a/b/tree/in'), { recursive: true })
        const none = openFiles(root)
        using dir = within.sync(root)
        const stop = new AbortController()
        let calls = 0
        const door = (call: Call): Call => {
          if (calls++ === k) stop.abort()
          return call
        }
        const code = await codeOf(() => drive(through(steps(dir), door), { signal: stop.signal }))
        const left = () =>
          readdirSync(root, { recursive: true, encoding: 'utf8' })
            .filter(one => one.endsWith('.holdfast'))
            .filter(one => !isPayloadOfCell(root, one))
        dir.close()
        // What is not cleaned up within 50 ms goes on in the background.
        await eventually(() => {
          assert.is(openFiles(root), none, `${name}, ${k}: ${code}`)
          assert.equal(left(), [], `${name}, ${k}: ${code}`)
        })
        assert.ok(code === undefined || code === 'ABORT_ERR', `${name}, ${k}: ${code}`)
        if (calls <= k) break
      }
  })

  const script = (root: string) => `
    const { within } = await import('${new URL('../../lib/index.js', import.meta.url).href}')
    const dir = await within('${root}')
    const code = async call => { try { return String(await call()) } catch (error) { return error.code } }
    console.log(dir.containment, [
      await code(() => dir.writeFile('a/b/new', 'new', { parents: true })),
      await code(() => dir.readFile('link/f', { encoding: 'utf8' })),
      await code(() => dir.mkdirp('x/y')),
      await code(() => dir.readFile('out/f')),
      await code(() => dir.writeFile('out/f', 'x')),
      await code(() => dir.readFile('file-out')),
      await code(() => dir.updateFile('file-out', () => 'x')),
      await code(() => dir.remove.sync('a')),
    ].join(' '))`
  const expected =
    'best-effort undefined inside x ERR_OUTSIDE_ROOT ERR_OUTSIDE_ROOT ERR_OUTSIDE_ROOT ERR_OUTSIDE_ROOT true\n'

  function layLinks() {
    const ground = layOut()
    symlinkSync(ground.outside, join(ground.root, 'out'))
    symlinkSync(join(ground.outside, 'f'), join(ground.root, 'file-out'))
    symlinkSync('a/b', join(ground.root, 'link'))
    return ground
  }

  holds('under the permission model, a root is contained as well as possible, and says so', () => {
    const { root, outside, told } = layLinks()
    const before = told()
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
    const allowed = [`--allow-fs-read=*`, `--allow-fs-write=${root}/*`, `--allow-fs-write=${outside}/*`]
    const args = [flag, ...allowed, '--no-warnings', '--input-type=module', '-e', script(root)]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.is(stdout, expected, stderr)
    assert.is(told(), before)
  })

  if (!isRoot) holds.skip('mounts below a root, and where /proc is missing', 'it takes root')
  else {
    holds('where /proc is missing, a root is contained as well as possible, and says so', () => {
      const { root, told } = layLinks()
      const before = told()
      const node = [process.execPath, '--input-type=module', '-e', script(root)]
      const hidden = 'mount -t tmpfs none /proc && exec "$@"'
      const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', hidden, 'sh', ...node], { encoding: 'utf8' })
      assert.is(stdout, expected, stderr)
      assert.is(told(), before)
    })

    for (const kind of ['a directory of the same device', 'a file', 'another device'] as const)
      holds(`what is mounted below a root is out of reach, unless it is asked for: ${kind}`, () => {
        const { root, outside, told } = layOut()
        const before = told()
        cpSync(join(root, 'a'), join(root, 'tree'), { recursive: true })
        renameSync(join(root, 'tree'), join(root, 'a/tree'))
        const [from, at] = kind === 'a file' ? [`${outside}/f`, `${root}/a/b/f`] : [`${outside}/a`, `${root}/a/b`]
        const mount =
          kind === 'another device' ? `mount -t tmpfs none ${at} && mkdir ${at}/tree` : `mount --bind ${from} ${at}`
        const body = `
          const { within } = await import('${new URL('../../lib/index.js', import.meta.url).href}')
          const { acts } = await import('${new URL('acts.js', import.meta.url).href}')
          const code = async call => { try { await call(); return 'done' } catch (error) { return error.code } }
          const dir = await within('${root}')
          const said = {}
          for (const [name, act] of Object.entries(acts))
            for (const form of ['promise', 'sync']) (said[await code(() => act(dir, form, 'a/b/f'))] ??= []).push(name)
          const all = await within('${root}', { mounts: true })
          console.log(JSON.stringify([said, await code(() => all.list('a/b')), await code(() => all.lstat('a/b')), ${
            kind === 'another device'
              ? "await code(() => all.move('absolute', 'a/b/moved')), await code(() => all.move('a/tree', 'a/b/tree2'))"
              : "'done', 'done'"
          }]))`
        const args = [
          '-m',
          'sh',
          '-c',
          `${mount} && exec "$@"`,
          'sh',
          process.execPath,
          '--input-type=module',
          '-e',
          body,
        ]
        const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
        assert.ok(stdout, stderr)
        const [said, ...all] = JSON.parse(stdout) as [Record<string, string[]>, ...string[]]
        assert.equal(all, ['done', 'done', 'done', 'done'])
        assert.is(told(), before, JSON.stringify(said))
        note(
          Object.entries(said)
            .map(([code, names]) => `${code}: ${new Set(names).size}`)
            .join(', '),
        )
        // About a mounted file, some calls are about its name only.
        if (kind !== 'a file') assert.equal(Object.keys(said), ['ERR_OUTSIDE_ROOT'], JSON.stringify(said))
        else
          for (const name of ['readFile', 'updateFile', 'copy']) assert.ok(said.ERR_OUTSIDE_ROOT?.includes(name), name)
      })
  }
}

holds('a name with other letters is another name, or the same one, but never outside', async () => {
  const { root, told } = layOut()
  const before = told()
  using dir = within.sync(root)
  for (const path of [
    'A/B/F',
    '..\\outside\\f',
    '%2e%2e/outside/f',
    '. ./f',
    '.../f',
    '\u2025/f',
    '..\u200b/outside/f',
    '~/f',
  ])
    for (const name of ['readFile', 'writeFile', 'mkdirp, below'] as const)
      await codeOf(() => (acts[name] as NonNullable<(typeof acts)[string]>)(dir, 'promise', path))
  assert.is(told(), before)
  assert.not(lstatSync(join(root, '../f'), { throwIfNoEntry: false }))
})

holds('private names of dead processes below a root can be swept, by their relative paths', async () => {
  const { root } = layOut()
  const debris = '.x.gone-0-0.0123456789abcdef.holdfast'
  for (const at of ['', 'a', 'a/b']) writeFileSync(join(root, at, debris), '')
  using dir = within.sync(root)
  assert.equal(await dir.sweep('a', { grace: 0, recursive: true }), [debris, `b/${debris}`])
  const paths: string[] = []
  await dir.sweep('.', { grace: 0, onProgress: ({ path }) => void paths.push(path) })
  assert.equal(paths, [debris])
  assert.equal(readdirSync(scratch()), [])
})
