// Node's permission model refuses fsync, fchmod and fchown from Node 22 on, whatever they are about.

import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, holds, runScript, scratch } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'

const version = Number(process.versions.node.split('.')[0])

/** Refuses these calls as Node does, so that its older lines are tested as well. */
const refuseAlike = `
  import { createRequire } from 'node:module'
  const fs = createRequire('/')('node:fs')
  process.permission = {}
  for (const name of ['fsync', 'fchmod', 'fchown', 'futimes']) {
    const refusal = () => Object.assign(new Error(name + ' API is disabled when Permission Model is enabled.'), { code: 'ERR_ACCESS_DENIED', permission: '' })
    fs[name] = (...args) => args.at(-1)(refusal())
    fs[name + 'Sync'] = () => { throw refusal() }
  }`

const ways = {
  'a model like Node’s': [`--import=data:text/javascript,${encodeURIComponent(refuseAlike)}`],
  'the permission model': ['--permission', '--allow-fs-read=*'],
}

for (const [way, nodeArgs] of Object.entries(ways)) {
  const name = `under ${way} files are written: the mode is given at open, the owner is left, and that is reported once`
  if (nodeArgs[0] === '--permission' && version < 22) holds.skip(name, 'it takes Node 22')
  else
    holds(name, () => {
      const dir = realpathSync(scratch())
      const at = (file: string): string => JSON.stringify(join(dir, file))
      mkdirSync(join(dir, 'd'))
      writeFileSync(join(dir, 'old'), 'old', { mode: 0o600 })
      const allowed = nodeArgs[0] === '--permission' ? [...nodeArgs, `--allow-fs-write=${dir}/*`] : nodeArgs
      const run = (script: string) => runScript(script, [], { nodeArgs: allowed })
      const { said, code } = run(`
        process.umask(0o022)
        const { writeFile, writeFiles, updateFile, createExclusive, getOrCreate, emplace, copy } = holdfast
        await writeFile(${at('new')}, 'new', { mode: 0o666, chown: { uid: 7, gid: 7 } })
        for (const call of [writeFile, writeFile.sync]) await call(${at('old')}, 'new')
        await writeFiles([[${at('d/file')}, 'new']])
        await updateFile(${at('d/other')}, () => 'new')
        await createExclusive(${at('d/exclusive')}, 'new')
        await getOrCreate(${at('d/made')}, () => 'new')
        await emplace(${at('d/made')}, ${at('d/emplaced')})
        await copy(${at('new')}, ${at('d/copied')}, { preserveTimestamps: false })
        for (const durability of ['file', 'full'])
          for (const call of [writeFile, async (...args) => writeFile.sync(...args)])
            console.log(await call(${at('old')}, 'newer', { durability }).then(() => 'done', error => error.code))`)
      assert.is(code, 0, said)
      assert.is(said.split('\n').filter(line => line === 'ERR_ACCESS_DENIED').length, 4, said)
      // Windows has no owners, and files have the one bit of their mode that it keeps, so neither is given.
      assert.is(said.split('HOLDFAST_DENIED').length - 1, isWindows ? 1 : 3, said)
      const found = [
        'new',
        'old',
        ...['file', 'other', 'exclusive', 'emplaced', 'copied'].map(name => `d/${name}`),
      ].map(file => readFileSync(join(dir, file), 'utf8'))
      assert.equal(found, Array(7).fill('new'))
      const modes = ['new', 'old'].map(name => statSync(join(dir, name)).mode & 0o777)
      assert.equal(modes, isWindows ? [0o666, 0o666] : [0o644, 0o600])
      assert.is(statSync(join(dir, 'new')).uid, process.getuid?.() ?? 0)
    })
}
