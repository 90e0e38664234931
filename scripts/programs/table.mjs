// Published programs that use a package which a face stands for, and what each does here. A program runs in an empty
// directory; `use` is the text of a module there, which throws if something is not as it is to be.

export const programs = {
  copyfiles: {
    packages: { copyfiles: '2.4.1' },
    peers: ['mkdirp'],
    use: `
      import { writeFileSync, mkdirSync, readFileSync } from 'node:fs'
      import { promisify } from 'node:util'
      import copyfiles from 'copyfiles'
      mkdirSync('src/deep', { recursive: true })
      writeFileSync('src/deep/a.txt', 'one')
      await promisify(copyfiles)(['src/**/*.txt', 'out'], {})
      equal(readFileSync('out/src/deep/a.txt', 'utf8'), 'one')`,
  },
  'jsonl-db': {
    packages: { '@alcalzone/jsonl-db': '2.5.2' },
    peers: ['proper-lockfile', 'fs-extra'],
    use: `
      import { existsSync } from 'node:fs'
      import { JsonlDB } from '@alcalzone/jsonl-db'
      const open = async () => {
        const db = new JsonlDB('data/db.jsonl', { lockfile: { directory: 'locks', retries: 0 } })
        await db.open()
        return db
      }
      const db = await open()
      db.set('key', { value: 1 })
      equal(existsSync('locks/db.jsonl.lock'), true)
      await open().then(() => { throw new Error('opened twice') }, error => equal(/lock/i.test(error.message), true))
      await db.compress()
      await db.close()
      equal(existsSync('locks/db.jsonl.lock'), false)
      const again = await open()
      equal(again.get('key').value, 1)
      await again.close()`,
  },
  'sync-content': {
    packages: { 'sync-content': '2.0.4' },
    peers: ['mkdirp', 'rimraf'],
    use: `
      import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
      import { syncContent } from 'sync-content'
      mkdirSync('from/a/b', { recursive: true })
      mkdirSync('to/gone/deep', { recursive: true })
      writeFileSync('from/a/b/c.txt', 'one')
      writeFileSync('to/gone/deep/old.txt', 'old')
      await syncContent('from', 'to')
      equal(readFileSync('to/a/b/c.txt', 'utf8'), 'one')
      equal(existsSync('to/gone'), false)`,
  },
  configstore: {
    packages: { configstore: '7.1.0' },
    peers: ['atomically'],
    use: `
      import { readFileSync } from 'node:fs'
      import Configstore from 'configstore'
      const config = new Configstore('thing', { theme: 'light' }, { configPath: 'config/thing.json' })
      config.set('theme', 'dark')
      config.set('window.width', 800)
      equal(JSON.parse(readFileSync('config/thing.json', 'utf8')), { theme: 'dark', window: { width: 800 } })
      equal(new Configstore('thing', {}, { configPath: 'config/thing.json' }).get('window.width'), 800)`,
  },
  'write-json-file': {
    packages: { 'write-json-file': '7.0.0' },
    peers: ['write-file-atomic'],
    use: `
      import { readFileSync, statSync } from 'node:fs'
      import { writeJsonFile, writeJsonFileSync } from 'write-json-file'
      await writeJsonFile('deep/down.json', { b: 1, a: 2 }, { mode: 0o640, sortKeys: true })
      equal(readFileSync('deep/down.json', 'utf8'), '{\\n\\t"a": 2,\\n\\t"b": 1\\n}\\n')
      if (process.platform !== 'win32') equal(statSync('deep/down.json').mode & 0o777, 0o640)
      writeJsonFileSync('deep/down.json', [1], { detectIndent: true })
      equal(readFileSync('deep/down.json', 'utf8'), '[\\n\\t1\\n]\\n')`,
  },
  'move-file-cli': {
    packages: { 'move-file-cli': '3.0.0' },
    peers: ['move-file'],
    use: `
      import { spawnSync } from 'node:child_process'
      import { existsSync, readFileSync, writeFileSync } from 'node:fs'
      import { fileURLToPath } from 'node:url'
      writeFileSync('a.txt', 'one')
      const cli = fileURLToPath(import.meta.resolve('move-file-cli/package.json').replace('package.json', 'cli.js'))
      const move = (...args) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' })
      equal(move('a.txt', 'new/b.txt').status, 0)
      equal([existsSync('a.txt'), readFileSync('new/b.txt', 'utf8')], [false, 'one'])
      writeFileSync('a.txt', 'two')
      equal(move('--no-overwrite', 'a.txt', 'new/b.txt').status, 1)
      equal(readFileSync('new/b.txt', 'utf8'), 'one')`,
  },
}
