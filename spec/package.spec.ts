// The package as its users get it.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { assert, holds } from './support/kit.js'

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
