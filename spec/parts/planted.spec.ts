// What another user has planted, in a directory like /tmp or at a private name, leads nobody anywhere.

import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  copy,
  createExclusive,
  emptyDir,
  getOrCreate,
  link,
  lock,
  mkdirp,
  move,
  sweep,
  symlink,
  updateFile,
  writeFile,
} from 'holdfast'
import { type Call, driveSync, hasCode, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { whileAttacked } from '../support/attacker.js'
import {
  assert,
  asUser,
  canBeAnother,
  everyPlace,
  holds,
  memory,
  note,
  raced,
  scratch,
  sized,
  userId,
} from '../support/kit.js'

const another = canBeAnother()
const why = 'it takes root, and a checkout that others may read'
const posix = process.platform !== 'win32'

/** A directory with that mode and that owner, and a file of root's outside it. */
function plantDirectory(mode: number, owner = 0): { dir: string; victim: string; at: (name: string) => string } {
  const dir = scratch()
  chownSync(dir, owner, owner)
  chmodSync(dir, mode)
  const victim = join(scratch(), 'victim')
  writeFileSync(victim, 'root’s', { mode: 0o600 })
  return { dir, victim, at: name => join(dir, name) }
}

function plantLink(to: string, at: string, owner = userId): void {
  symlinkSync(to, at)
  lchownSync(at, owner, owner)
}

function plantFile(at: string, owner = userId): void {
  writeFileSync(at, 'bait')
  chmodSync(at, 0o666)
  chownSync(at, owner, owner)
}

const never = (): string => {
  throw new Error('something was computed from a bait')
}

if (!another) holds.skip('a directory that a planted link leads to', why)
else
  for (const mode of [0o1777, 0o1770])
    holds(`what another user’s link in a directory of mode ${mode.toString(8)} leads to is not emptied`, async () => {
      const { dir, victim, at } = plantDirectory(mode)
      const theirs = dirname(victim)
      plantLink(theirs, at('link'))
      plantLink('link', at('chain'), 0)
      plantLink(at('made'), at('dangling'))
      for (const name of ['link', 'link/', 'link//', 'chain', 'chain/']) {
        await assert.rejects(emptyDir(at(name)), { code: 'EACCES', message: /another user/ })
        assert.throws(() => emptyDir.sync(at(name)), { code: 'EACCES', message: /another user/ })
        await assert.rejects(sweep(at(name)), { code: 'EACCES', message: /another user/ })
        // To make a directory changes nothing in one that is there; the system may refuse the way.
        await mkdirp(at(name)).then(
          made => assert.is(made, undefined),
          error => assert.is(error.code, 'EACCES'),
        )
      }
      await assert.rejects(emptyDir(at('dangling')), {})
      assert.equal([readdirSync(theirs), readdirSync(dir).sort()], [['victim'], ['chain', 'dangling', 'link']])
      // One's own link is followed, and so is that of the owner of the directory.
      mkdirSync(at('own'))
      writeFileSync(at('own/file'), 'x')
      plantLink('own', at('good'), 0)
      await emptyDir(at('good/'))
      assert.equal([readdirSync(at('own')), lstatSync(at('good')).isSymbolicLink()], [[], true])
    })

if (!another) holds.skip('a link in a sticky directory', why)
else {
  for (const mode of [0o1777, 0o1770])
    holds(`another user’s link in a directory of mode ${mode.toString(8)} is not followed`, async () => {
      const { dir, victim, at } = plantDirectory(mode)
      plantLink(victim, at('link'))
      plantLink(`${victim}.new`, at('dangling'))
      plantLink('link', at('chain'), 0)
      for (const name of ['link', 'dangling', 'chain']) {
        await assert.rejects(writeFile(at(name), 'x'), { code: 'EACCES', message: /another user/ })
        assert.throws(() => writeFile.sync(at(name), 'x', { inPlace: 'when-needed' }), { code: 'EACCES' })
        await assert.rejects(updateFile(at(name), never), { code: 'EACCES' })
        await assert.rejects(getOrCreate(at(name), never), { code: 'EACCES' })
        await assert.rejects(getOrCreate(at(name), never, { kind: 'directory' }), { code: 'EACCES' })
      }
      assert.equal([readFileSync(victim, 'utf8'), existsSync(`${victim}.new`)], ['root’s', false])
      // A link that is replaced leads nowhere.
      await writeFile(at('link'), 'ours', { symlinks: 'replace' })
      assert.equal([lstatSync(at('link')).isFile(), lstatSync(at('link')).uid], [true, 0])
      assert.equal(readdirSync(dir).sort(), ['chain', 'dangling', 'link'])
    })

  holds(
    'our own link is followed, and that of the directory’s owner, and any in a directory that is ours alone',
    async () => {
      for (const [mode, owner, linker] of [
        [0o1777, 0, 0],
        [0o1777, userId, userId],
        [0o1755, 0, userId],
        [0o777, 0, userId],
      ] as const) {
        const { victim, at } = plantDirectory(mode, owner)
        plantLink(victim, at('link'), linker)
        await writeFile(at('link'), `by ${linker} in ${mode}`)
        assert.is(readFileSync(victim, 'utf8'), `by ${linker} in ${mode}`)
      }
    },
  )

  holds('an ordinary user follows what root has put into /tmp, and nothing that another user has', () => {
    const { at } = plantDirectory(0o1777)
    const mine = scratch()
    chownSync(mine, userId, userId)
    plantLink(join(mine, 'one'), at('of-root'), 0)
    plantLink(join(mine, 'two'), at('of-another'), 1234)
    const script = `
      const said = async name => holdfast.writeFile(${JSON.stringify(at('of-'))} + name, 'x').then(() => 'done', e => e.code)
      console.log(await said('root'), await said('another'))`
    assert.equal(asUser(script), { said: 'done EACCES\n', code: 0 })
    assert.equal(readdirSync(mine), ['one'])
  })

  holds('another user’s file in a sticky directory passes nothing on', async () => {
    const { dir, at } = plantDirectory(0o1777)
    plantFile(at('bait'))
    await writeFile(at('bait'), 'root’s')
    const { uid, gid, mode } = statSync(at('bait'))
    assert.equal([uid, gid, (mode & 0o777).toString(8)], [0, 0, (0o666 & ~process.umask()).toString(8)])
    plantFile(at('other'))
    linkSync(at('other'), at('second'))
    const inPlace = { inPlace: 'when-needed', hardLinks: 'keep' } as const
    await assert.rejects(writeFile(at('other'), 'root’s', inPlace), { code: 'EACCES' })
    await assert.rejects(updateFile(at('other'), never), { code: 'EACCES' })
    await assert.rejects(getOrCreate(at('other'), never), { code: 'EACCES' })
    mkdirSync(at('dir'))
    chownSync(at('dir'), userId, userId)
    await assert.rejects(getOrCreate(at('dir'), never, { kind: 'directory' }), { code: 'EACCES' })
    assert.is(readFileSync(at('other'), 'utf8'), 'bait')
    assert.not(readdirSync(dir).some(name => name.startsWith('.')))
  })
}

/** Puts a link to the victim wherever the steps are about to make a private name. */
function withPlants<T>(steps: Steps<T>, victim: string, planted: string[]): T {
  const makers: Partial<Record<Call['op'], number>> = { open: 0, mkdir: 0, link: 1, symlink: 1, clone: 2 }
  const plantAt = (call: Call): Call => {
    const path = call.args[makers[call.op] ?? -1]
    const isNew = call.op !== 'open' || String(call.args[1]).startsWith('wx')
    if (typeof path !== 'string' || !isNew || !basename(path).startsWith('.') || planted.length > 0) return call
    symlinkSync(victim, path)
    planted.push(path)
    return call
  }
  return driveSync(through(steps, plantAt))
}

if (!posix) holds.skip('a link at a private name', 'it takes POSIX')
else
  holds('a link at the very private name that is about to be made leads nowhere, and the call goes on', () => {
    const calls: Record<string, (dir: string) => Steps<unknown>> = {
      writeFile: dir => writeFile.steps(join(dir, 'new'), 'x'),
      createExclusive: dir => createExclusive.steps(join(dir, 'new'), 'x'),
      copy: dir => copy.steps(join(dir, 'file'), join(dir, 'new')),
      'link, which replaces': dir => link.steps(join(dir, 'file'), join(dir, 'old'), { replace: true }),
      'symlink, which replaces': dir => symlink.steps('file', join(dir, 'old'), { replace: true }),
      'getOrCreate of a file': dir => getOrCreate.steps(join(dir, 'new'), () => 'x'),
      'getOrCreate of a directory': dir => getOrCreate.steps(join(dir, 'new'), () => {}, { kind: 'directory' }),
      lock: dir => lock.steps(join(dir, 'new')),
      updateFile: dir => updateFile.steps(join(dir, 'new'), () => 'x'),
    }
    for (const victimIs of ['file', 'directory', 'nothing'])
      for (const [name, call] of Object.entries(calls)) {
        const dir = scratch()
        const victim = join(scratch(), 'victim')
        if (victimIs === 'file') writeFileSync(victim, 'theirs', { mode: 0o600 })
        if (victimIs === 'directory') mkdirSync(victim)
        writeFileSync(join(dir, 'file'), 'file')
        writeFileSync(join(dir, 'old'), 'old')
        const planted: string[] = []
        withPlants(call(dir), victim, planted)
        const where = `${name}, with a ${victimIs} behind the link`
        assert.is(planted.length, 1, `${where}: no private name was made`)
        if (victimIs === 'nothing') assert.not(existsSync(victim), where)
        else if (victimIs === 'directory') assert.equal(readdirSync(victim), [], where)
        else assert.equal([readFileSync(victim, 'utf8'), statSync(victim).mode & 0o777], ['theirs', 0o600], where)
      }
  })

/** Swaps the private name, before the k-th call, for another name of the victim. Returns whether there was one. */
function swapping<T>(steps: Steps<T>, k: number, dir: string, victim: string): { swapped: boolean; calls: number } {
  let calls = 0
  let swapped = false
  const swap = (call: Call): Call => {
    if (calls++ !== k) return call
    for (const name of readdirSync(dir).filter(one => one.startsWith('.'))) {
      renameSync(join(dir, name), join(dir, 'aside'))
      linkSync(victim, join(dir, name))
      swapped = true
    }
    return call
  }
  try {
    driveSync(through(steps, swap))
  } catch (error) {
    // What was swapped may be missed.
    assert.ok(hasCode(error, 'ENOENT', 'EEXIST', 'EACCES'), String(error))
  }
  return { swapped, calls }
}

if (!another) holds.skip('a private name that is swapped', why)
else
  for (const { kind, dir: place } of everyPlace)
    holds(
      `on ${kind}: whenever a private name is swapped for another file, that keeps its owner, mode, times and text`,
      () => {
        const acts: Record<string, (dir: string, source: string) => Steps<unknown>> = {
          writeFile: dir =>
            writeFile.steps(join(dir, 'file'), 'x', { mode: 0o6777, chown: { uid: userId, gid: userId } }),
          'writeFile, in place': dir =>
            writeFile.steps(join(dir, 'file'), 'x', { mode: 0o666, inPlace: 'when-needed', hardLinks: 'keep' }),
          copy: (dir, source) => copy.steps(source, join(dir, 'new'), { preserveTimestamps: true, durability: 'file' }),
          'move to another device': (dir, source) => move.steps(source, join(dir, 'new')),
        }
        for (const [act, steps] of Object.entries(acts)) {
          let swaps = 0
          for (let k = 0; ; k++) {
            const dir = scratch(place)
            const elsewhere = act.startsWith('move') && place !== memory ? memory : place
            const source = join(scratch(elsewhere), 'source')
            writeFileSync(source, Buffer.alloc(200_000, 'source'), { mode: 0o666 })
            chownSync(source, userId, userId)
            chmodSync(source, 0o666)
            writeFileSync(join(dir, 'file'), 'old')
            if (act.includes('in place')) linkSync(join(dir, 'file'), join(dir, 'other'))
            const victim = join(scratch(place), 'victim')
            writeFileSync(victim, 'root’s', { mode: 0o600 })
            utimesSync(victim, 1e9, 1e9)
            const { swapped, calls } = swapping(steps(dir, source), k, dir, victim)
            if (swapped) swaps++
            const { uid, gid, mode, mtimeMs } = statSync(victim)
            const where = `${act}, before call ${k}`
            assert.equal([uid, gid, mode & 0o7777, mtimeMs], [0, 0, 0o600, 1e12], where)
            assert.is(readFileSync(victim, 'utf8'), 'root’s', where)
            if (act.includes('in place')) assert.is.not(readFileSync(join(dir, 'file'), 'utf8'), 'root’s', where)
            if (calls <= k) break
          }
          assert.ok(swaps > 1, `${act}: only ${swaps} swaps`)
        }
      },
    )

if (!posix) holds.skip('a link that comes after the look', 'it takes POSIX')
else
  holds(
    'a link that comes between the look and the read is followed under the lock of what it leads to, or not at all',
    () => {
      const dir = scratch()
      const [file, victim] = [join(dir, 'file'), join(dir, 'victim')]
      writeFileSync(victim, 'theirs')
      let planted = false
      const steps = updateFile.steps(file, (old: string | undefined) => {
        assert.ok(readdirSync(`${victim}.lock`)[0]?.includes('.h.'), 'it is read without its lock')
        return `${old}, changed`
      })
      driveSync(
        through(steps, call => {
          if (call.op === 'readFile' && !planted) {
            planted = true
            symlinkSync('victim', file)
          }
          return call
        }),
      )
      assert.equal([planted, readFileSync(victim, 'utf8')], [true, 'theirs, changed'])
      assert.ok(lstatSync(file).isSymbolicLink())
    },
  )

/** Makes of a name a link to the victim, or a bait, and takes that away again, without a pause. */
const attack = `
  const turn = [() => symlinkSync(victim, dir + '/name'), () => writeFileSync(dir + '/name', 'bait', { flag: 'wx', mode: 0o666 })]
  for (const make of turn) {
    if (tried(make)) swaps++
    tried(() => unlinkSync(dir + '/name'))
  }`

if (!another) raced.skip('an attacker in a directory like /tmp', why)
else
  raced('beside an attacker in a directory like /tmp, root writes no other file, and its own is its own', async () => {
    const { dir, victim, at } = plantDirectory(0o1777)
    const seen = { written: 0, refused: 0 }
    const { swaps } = await whileAttacked({ dir, victim, attack, ms: sized(5_000, 60_000) }, async turn => {
      const name = at('name')
      const call = turn % 2 ? updateFile(name, () => 'text') : writeFile(name, 'text')
      const code = await call.then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      )
      if (code !== undefined) assert.is(code, 'EACCES')
      seen[code === undefined ? 'written' : 'refused']++
      assert.is(readFileSync(victim, 'utf8'), 'root’s')
      if (code !== undefined) return
      const { uid, mode } = lstatSync(name)
      assert.equal([uid, mode & 0o022, readFileSync(name, 'utf8')], [0, 0, 'text'])
      rmSync(name)
    })
    note(`${seen.written} written and ${seen.refused} refused beside ${swaps} swaps`)
    assert.ok(swaps > sized(1000, 100_000) && seen.written > 0 && seen.refused > 0, `only ${swaps} swaps`)
  })
