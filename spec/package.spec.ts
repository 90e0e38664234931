// The package as its users get it.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert, holds, scratch } from './support/kit.js'

const top = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)

holds('require() gets it too', () => {
  assert.is(typeof require('holdfast').mkdirp.sync, 'function')
  assert.is(typeof require('holdfast/cache').ValidatingCache, 'function')
  assert.is(typeof require('holdfast/postgres').postgresStore, 'function')
  assert.is(typeof require('holdfast/redis').redisStore, 'function')
  assert.is(typeof require('holdfast/s3').s3Store, 'function')
  assert.is(typeof require('holdfast/sqlite').sqliteStore, 'function')
  assert.is(typeof require('holdfast/steps').dual, 'function')
  assert.is(typeof require('holdfast/store').openStore, 'function')
  assert.is(typeof require('holdfast/testing').explore, 'function')
  assert.is(typeof require('holdfast/atomically').writeFile, 'function')
  assert.is(typeof require('holdfast/make-dir').makeDirectory, 'function')
  assert.is(typeof require('holdfast/mkdirp'), 'function')
  assert.is(typeof require('holdfast/move-file').moveFile, 'function')
  assert.is(typeof require('holdfast/rimraf').rimraf, 'function')
  assert.is(typeof require('holdfast/write-file-atomic').sync, 'function')
  // These are plain objects, as the modules are whose places they take.
  for (const name of ['holdfast/fs-extra', 'holdfast/fs-extra/esm', 'holdfast/fs-promises'])
    assert.is(Object.getPrototypeOf(require(name)), Object.prototype, name)
})

holds('nothing happens at import: no handle, no listener, no timer, no function of fs replaced', () => {
  const script = `
    import fs from 'node:fs'
    const before = { ...fs }
    const [globals, events] = [Object.keys(globalThis).join(), process.eventNames().join()]
    await import('holdfast')
    await import('holdfast/cache')
    await import('holdfast/fs-extra')
    await import('holdfast/fs-promises')
    await import('holdfast/steps')
    await import('holdfast/store')
    const replaced = Object.keys(fs).filter(name => fs[name] !== before[name] && name !== 'promises')
    const active = process.getActiveResourcesInfo().filter(name => /Timeout|FS/.test(name))
    const told = [replaced, active, events === process.eventNames().join(), globals === Object.keys(globalThis).join()]
    console.log(JSON.stringify(told))`
  const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
    cwd: top,
    encoding: 'utf8',
  })
  assert.equal(JSON.parse(stdout), [[], [], true, true])
})

// ---- As it is published ----

let isMade = false
function makePackage(): void {
  if (isMade) return
  const code = `(await import(${JSON.stringify(pathToFileURL(join(top, 'scripts', 'pack.mjs')).href)})).pack()`
  const args = ['--input-type=module', '-e', code]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.is(status, 0, stderr)
  isMade = true
}

/** Runs a program of a user who has installed the package, and returns what it prints, as JSON. */
function used(code: string, ...before: string[]): unknown {
  makePackage()
  const dir = scratch()
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(join(top, 'dist', 'package'), join(dir, 'node_modules', 'holdfast'), 'junction')
  return run(dir, code, before)
}

/** The same, of a package as most builds make it: what an import gets is another copy than what a require gets. */
function usedTwice(code: string): unknown {
  makePackage()
  const dir = scratch()
  const home = join(dir, 'node_modules', 'holdfast')
  cpSync(join(top, 'dist', 'package'), home, { recursive: true })
  const files = readdirSync(join(home, 'dist'))
  for (const name of files.filter(one => one.endsWith('.js')))
    cpSync(join(home, 'dist', name), join(home, 'dist', 'other', name))
  for (const name of files.filter(one => one.endsWith('.mjs'))) {
    const front = join(home, 'dist', name)
    writeFileSync(front, readFileSync(front, 'utf8').replace("('./", "('./other/"))
  }
  return run(dir, code)
}

function run(dir: string, code: string, before: readonly string[] = []): unknown {
  const head = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n`
  writeFileSync(join(dir, 'program.mjs'), head + code)
  const [command = process.execPath, ...args] = [...before, process.execPath, '--no-warnings', 'program.mjs']
  const result = spawnSync(command, args, { cwd: dir, encoding: 'utf8' })
  assert.is(result.status, 0, result.stderr.slice(-1000))
  return JSON.parse(result.stdout)
}

holds('every entry is the same by import and by require, and its functions have the names of the sources', async () => {
  const { exports } = require('../../package.json') as { exports: Record<string, unknown> }
  const entries = Object.keys(exports).filter(name => !name.endsWith('.json'))
  const code = `
    const same = {}
    for (const entry of ${JSON.stringify(entries)}) {
      const name = entry.replace('.', 'holdfast')
      const [required, { default: whole, ...named }] = [require(name), await import(name)]
      const differ = Object.keys(named).filter(key => key !== 'module.exports' && named[key] !== required[key])
      const isWhole = whole === undefined || whole === required
      same[entry] = [differ, isWhole, Object.entries(named).map(([key, value]) => [key, value?.name ?? null])]
    }
    console.log(JSON.stringify(same))`
  const same = used(code) as Record<string, [string[], boolean, [string, string | null][]]>
  for (const entry of entries) {
    const found = same[entry]
    if (!found) throw new Error(`${entry} was not loaded`)
    const [differ, isWhole, names] = found
    assert.equal([differ, isWhole], [[], true], entry)
    const source = await import(entry.replace('.', 'holdfast'))
    for (const [key, name] of names)
      if (key !== 'module.exports') assert.is(source[key]?.name ?? null, name, `${entry}: ${key}`)
    const count = Object.keys(source).filter(key => !['default', 'module.exports'].includes(key)).length
    assert.is(names.filter(([key]) => key !== 'module.exports').length, count, entry)
  }
})

holds(
  'an import and a require in one process are one module: they share queues, and locks, also when calls are aborted',
  () => {
    const code = `
    const { appendLines, lock, mkdirp, readJson, updateFile } = await import('holdfast')
    const own = require('holdfast')
    const face = require('holdfast/mkdirp')
    const controller = new AbortController()
    const mine = await lock('state')
    const waits = [lock, own.lock].map(take => take('state', { signal: controller.signal }).then(() => 'held', ({ name }) => name))
    // The thread that holds it would wait for itself.
    const refused = [lock, own.lock].map(take => {
      try {
        return take.sync('state')
      } catch ({ code }) {
        return code
      }
    })
    controller.abort()
    const ended = await Promise.all(waits)
    await mine.release()
    const add = update => update('n.json', old => ({ n: (old?.n ?? 0) + 1 }), { json: true })
    const stopped = AbortSignal.abort()
    await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        if (at % 4 === 3) await [updateFile, own.updateFile][at % 2]('n.json', () => ({ n: 0 }), { json: true, signal: stopped }).catch(() => {})
        else await add([updateFile, own.updateFile][at % 2])
      }),
    )
    await Promise.all([mkdirp('a/b'), face('a/b/c'), own.mkdirp('a/b/d')])
    console.log(JSON.stringify([ended, refused[0] === refused[1], typeof refused[0], await own.readJson('n.json')]))`
    assert.equal(used(code), [['AbortError', 'AbortError'], true, 'string', { n: 30 }])
  },
)

/** A write that is under way by import, and one by require, which begins later. `most` is how long the second is waited for. */
const twoWrites = (most: number): string => `
  const { writeFile } = await import('holdfast')
  const own = require('holdfast')
  let goOn
  const gate = new Promise(resolve => (goOn = resolve))
  async function* slowly() {
    yield 'first, '
    await gate
    yield 'by import'
  }
  const first = writeFile('f', slowly())
  const second = own.writeFile('f', 'second, by require').then(() => 'overtook')
  let timer
  const waits = new Promise(resolve => (timer = setTimeout(resolve, ${most}, 'waits')))
  const came = await Promise.race([second, waits])
  clearTimeout(timer)
  goOn()
  await Promise.all([first, second])
  console.log(JSON.stringify([came, require('node:fs').readFileSync('f', 'utf8')]))`

holds('an import and a require in one process stand in one queue, as calls of one thread do', () => {
  assert.equal(used(twoWrites(200)), ['waits', 'second, by require'])
})

holds(
  'two copies, one for import and one for require, stand in two queues: the call that came first comes last',
  () => {
    assert.equal(usedTwice(twoWrites(60_000)), ['overtook', 'first, by import'])
  },
)

holds('an import loads four files, and no module of Node that its first call may not need', () => {
  const code = `
    const before = new Set(process.moduleLoadList)
    require('holdfast')
    const loaded = process.moduleLoadList.filter(name => !before.has(name))
    const builtins = ['crypto', 'worker_threads', 'perf_hooks', 'child_process', 'stream'].filter(name => loaded.includes('NativeModule ' + name))
    console.log(JSON.stringify([builtins, Object.keys(require.cache).length]))`
  const [builtins, files] = used(code) as [string[], number]
  assert.equal(builtins, [])
  assert.ok(files <= 4, `${files} files`)
})

// A file of the package that is loaded late could not be opened then.
if (process.platform === 'linux')
  holds('nothing of the package is loaded late: where no descriptor is left, a first call works', () => {
    const code = `
      import { openSync } from 'node:fs'
      const { exists, mkdirp, move, remove, within, probe, lines, single } = await import('holdfast')
      let code
      while (!code) try { openSync('/dev/null') } catch (error) { code = error.code }
      mkdirp.sync('a/b')
      const there = exists.sync('a/b')
      console.log(JSON.stringify([code, there]))`
    assert.equal(used(code, 'sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'), ['EMFILE', true])
  })
