// Whose a new file is, and who may do what with it: where the system refuses an owner or a mode, where it only says that
// it has set them, and beside an attacker who swaps private names.

import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copy, emptyDir, getOrCreate, mkdirp, writeFile } from 'holdfast'
import { driveSync } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { whileAttacked } from '../support/attacker.js'
import { assert, asUser, canBeAnother, holds, note, raced, runScript, scratch, sized, userId } from '../support/kit.js'
import { hindrance, onMount } from '../support/one-mount.js'

const root = process.getuid?.() === 0
const rightsOf = (path: string): string => {
  const { uid, gid, mode } = statSync(path)
  return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`
}

/** A file of that owner and mode, which all may replace. */
function plantFile(dir: string, uid: number, gid: number, mode: number): string {
  chmodSync(dir, 0o777)
  const file = join(dir, 'file')
  writeFileSync(file, 'old')
  chownSync(file, uid, gid)
  chmodSync(file, mode)
  return file
}

/** Commands that run another as root without the right to give files away, as containers do. */
const powerless = {
  'without CAP_CHOWN': ['setpriv', '--bounding-set', '-chown', '--inh-caps', '-chown'],
  'in a user namespace': ['unshare', '-U', '-r'],
}

for (const [where, command] of Object.entries(powerless)) {
  const name = `root ${where} replaces another's file, as an ordinary user does`
  if (!root || runScript('', command).code !== 0) holds.skip(name, 'it takes root, and the commands of Linux')
  else
    holds(name, () => {
      for (const [mode, expected] of [
        [0o6754, '0:0 744'],
        [0o666, '0:0 666'],
        [0o640, '0:0 600'],
      ] as const) {
        const file = plantFile(scratch(), 1234, 2345, mode)
        const script = `
          await holdfast.writeFile(${JSON.stringify(file)}, 'first')
          holdfast.writeFile.sync(${JSON.stringify(file)}, 'second', { chown: { uid: 99, gid: 99 } })`
        assert.equal(runScript(script, command), { said: '', code: 0 })
        assert.equal([readFileSync(file, 'utf8'), rightsOf(file)], ['second', expected])
        assert.equal(readdirSync(join(file, '..')), ['file'])
      }
    })
}

if (!canBeAnother()) holds.skip('what only a group had', 'it takes root, and a checkout that others may read')
else
  holds('what only a group had does not go to another group, unless that is asked for', () => {
    const file = plantFile(scratch(), 1234, 2345, 0o664)
    const write = (options = ''): string => {
      chmodSync(file, 0o664)
      chownSync(file, 1234, 2345)
      assert.equal(asUser(`await holdfast.writeFile(${JSON.stringify(file)}, 'mine'${options})`), { said: '', code: 0 })
      return rightsOf(file)
    }
    assert.is(write(), `${userId}:${userId} 644`)
    assert.is(write(', { mode: 0o664 }'), `${userId}:${userId} 664`)
  })

const why = hindrance('bindfs')

if (why) holds.skip('mounts that refuse or ignore owners and modes', why)
else {
  holds('a mount that refuses modes keeps no file from being written, unless the mode was asked for', () =>
    onMount(
      'bindfs',
      async dir => {
        const behind = join(`${dir}.behind`, 'file')
        const file = join(dir, 'file')
        writeFileSync(behind, 'old')
        chmodSync(behind, 0o4777)
        await writeFile(file, 'new')
        assert.equal([readFileSync(behind, 'utf8'), rightsOf(behind)], ['new', '0:0 755'])
        chmodSync(behind, 0o777)
        await copy(file, join(dir, 'copy'))
        assert.is(readFileSync(join(dir, 'copy'), 'utf8'), 'new')
        await assert.rejects(writeFile(file, 'newer', { mode: 0o777 }), { code: 'EPERM' })
        assert.equal([readFileSync(file, 'utf8'), readdirSync(dir).sort()], ['new', ['copy', 'file']])
      },
      '--chmod-deny',
    ),
  )

  for (const how of ['deny', 'ignore'])
    holds(`a mount that can only ${how} owners: nobody else's set-ID bits come upon a file that stays ours`, () =>
      onMount(
        'bindfs',
        async dir => {
          const file = join(dir, 'file')
          const behind = plantFile(`${dir}.behind`, 1234, 2345, 0o6754)
          await writeFile(file, 'new')
          assert.equal([readFileSync(behind, 'utf8'), rightsOf(behind)], ['new', '0:0 744'])
          chmodSync(behind, 0o6755)
          await writeFile(file, 'newer', { chown: { uid: 0, gid: 7 }, mode: 0o2755 })
          assert.is(rightsOf(behind), '0:0 755')
        },
        `--chown-${how}`,
        `--chgrp-${how}`,
      ),
    )
}

holds('the owner and the mode go to a descriptor, and to no name', () => {
  const file = join(scratch(), 'file')
  writeFileSync(file, 'old')
  const made: string[] = []
  const steps = writeFile.steps(file, 'new', { mode: 0o6777, chown: { uid: 7, gid: 7 } })
  driveSync(
    through(steps, call => {
      made.push(call.op)
      return call
    }),
  )
  assert.ok(made.includes('fchmod'), made.join())
  assert.not(made.some(op => op === 'chmod' || op === 'chown'))
})

if (!root) holds.skip('what only a group may read, while it is written', 'it takes root')
else
  holds('while a file is written, no other group than its own can read what is for that group only', () => {
    for (const [uid, gid, mode, asked] of [
      [0, 0, 0o640, {}],
      [0, 0, 0o644, { mode: 0o660, chown: { uid: 0, gid: 0 } }],
      [1234, 0, 0o640, {}],
      [1234, 2345, 0o660, {}],
    ] as const) {
      const dir = scratch()
      const file = plantFile(dir, uid, gid, mode)
      chownSync(dir, 0, userId)
      chmodSync(dir, 0o2775)
      let seen = 0
      const steps = writeFile.steps(file, ['secret', 'secret'], asked)
      driveSync(
        through(steps, call => {
          const stage = readdirSync(dir).find(name => name.startsWith('.'))
          const there = stage === undefined ? undefined : statSync(join(dir, stage))
          if (there?.size) seen++
          if (there?.size && there.gid !== gid) assert.is(there.mode & 0o070, 0, `${call.op}, ${rightsOf(file)}`)
          return call
        }),
      )
      assert.ok(seen > 1)
      assert.is(rightsOf(file), `${uid}:${gid} ${('mode' in asked ? asked.mode : mode).toString(8)}`)
    }
  })

/** Puts a link to the victim at each private name that it sees, and a file of its own at the public one. */
const attack = `
  for (const name of readdirSync(dir)) {
    if (!name.startsWith('.file.')) continue
    if (tried(() => renameSync(dir + '/' + name, dir + '/aside')) && tried(() => symlinkSync(victim, dir + '/' + name)))
      swaps++
  }
  if (!tried(() => { if (lstatSync(dir + '/file').uid !== process.getuid()) throw 0 })) {
    tried(() => unlinkSync(dir + '/file'))
    tried(() => writeFileSync(dir + '/bait', 'bait', { mode: 0o644 }))
    tried(() => renameSync(dir + '/bait', dir + '/file'))
  }`

if (!canBeAnother()) raced.skip('an attacker that swaps private names', 'it takes root, and a checkout for all')
else
  raced('root writes in an attacker’s directory, and gives away or changes nothing outside it', async () => {
    const dir = scratch()
    chmodSync(dir, 0o777)
    chownSync(dir, userId, userId)
    const victim = join(scratch(), 'victim')
    writeFileSync(victim, 'root’s', { mode: 0o600 })
    const before = rightsOf(victim)
    const { turns, swaps } = await whileAttacked({ dir, victim, attack, ms: sized(5_000, 60_000) }, async () => {
      // What was swapped may have been published, or be gone; that is the attacker's own loss.
      const options = { symlinks: 'replace', durability: 'none', retryFor: 0 } as const
      await writeFile(join(dir, 'file'), 'text', options).catch(() => {})
      assert.equal([rightsOf(victim), readFileSync(victim, 'utf8')], [before, 'root’s'])
    })
    note(`${turns} writes beside an attacker who swapped ${swaps} private names`)
    assert.ok(swaps > sized(100, 10_000), `only ${swaps} swaps`)
  })

if (!root) holds.skip('the group of a directory', 'it takes root')
else
  holds(
    'what is made in a directory with the set-group-ID bit gets its group, and a directory gets the bit',
    async () => {
      const dir = scratch()
      chownSync(dir, 0, userId)
      chmodSync(dir, 0o2775)
      const at = (name: string): string => join(dir, name)
      await writeFile(at('a/b/file'), 'x', { parents: true })
      await mkdirp(at('c/d'), { mode: 0o750 })
      await emptyDir(at('e'))
      await getOrCreate(at('f'), stage => writeFileSync(join(stage, 'x'), ''), { kind: 'directory' })
      await writeFile(at('file'), 'old')
      await writeFile(at('file'), 'new', { mode: 0o640 })
      const bits = (name: string): string => rightsOf(at(name)).replace(/^0:/, '')
      for (const name of ['a', 'a/b', 'e', 'f']) assert.is(bits(name), `${userId} 2755`, name)
      // All that may write the directory may use the lock, which has the mark of ours.
      assert.is(bits('f.lock'), `${userId} 6775`)
      for (const name of ['c', 'c/d']) assert.is(bits(name), `${userId} 2750`, name)
      for (const name of ['a/b/file', 'f/x']) assert.is(bits(name), `${userId} 644`, name)
      assert.is(bits('file'), `${userId} 640`)
    },
  )
