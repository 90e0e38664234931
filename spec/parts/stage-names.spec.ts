// How private names are spelled, and that they fit wherever the name fits beside which they are made.

import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  cell,
  copy,
  createExclusive,
  emplace,
  emptyDir,
  getOrCreate,
  link,
  move,
  probe,
  remove,
  symlink,
  updateFile,
  writeFile,
} from 'holdfast'
import { type Door, door, drive, dual, type SingleCall, type Steps } from 'holdfast/steps'
import { ownerOf, stageName } from '../../lib/parts/stage-names.js'
import { assert, holds, scratch } from '../support/kit.js'
import { privateNames } from '../support/trees.js'
import { isWindows } from '../windows/flavour.js'

const nameFor = dual((target: string) => stageName<string>(target))
const shortNameBytes = 143

holds('private names are never the same, bear our mark, are short, and cut no character in two', () => {
  const names = new Set<string>()
  for (let i = 0; i < 1000; i++) names.add(nameFor.sync('/dir/file'))
  assert.is(names.size, 1000)
  const form = /^\/dir[\\/]\.file\.[a-z0-9]+-[a-z0-9]+-[a-z0-9]+\.[0-9a-f]{16}\.holdfast$/
  assert.ok([...names].every(name => form.test(name)))
  for (const name of ['雪'.repeat(85), 'é'.repeat(127), 'x'.repeat(255), '𝕏'.repeat(63)]) {
    for (let shift = 0; shift < 4; shift++) {
      const made = nameFor.sync(`/d/${'x'.repeat(shift)}${name}`).slice(3)
      const bytes = Buffer.byteLength(made)
      assert.ok(bytes <= shortNameBytes && bytes > shortNameBytes - 4, String(bytes))
      assert.not(made.includes('\ufffd'))
    }
  }
})

/** Every function that makes private names, with a name that it publishes or removes, of its own. */
const uses: Readonly<Record<string, (dir: string, name: (own: string) => string) => Steps<unknown>>> = {
  writeFile: (dir, name) => writeFile.steps(join(dir, name('w')), 'new'),
  createExclusive: (dir, name) => createExclusive.steps(join(dir, name('c')), 'new'),
  updateFile: (dir, name) => updateFile.steps(join(dir, name('u').slice(5)), () => 'new'),
  getOrCreate: (dir, name) => getOrCreate.steps(join(dir, name('g').slice(5)), () => 'new'),
  'link, replace': (dir, name) => link.steps(join(dir, 'file'), join(dir, name('old')), { replace: true }),
  'symlink, replace': (dir, name) => symlink.steps('to', join(dir, name('old')), { replace: true }),
  copy: (dir, name) => copy.steps(join(dir, 'tree'), join(dir, name('t'))),
  'copy, exclusive': (dir, name) => copy.steps(join(dir, 'file'), join(dir, name('f')), { overwrite: false }),
  'emplace, ifAbsent': (dir, name) => emplace.steps(join(dir, 'file'), join(dir, name('e')), { ifAbsent: true }),
  'move a file': (dir, name) => move.steps(join(dir, 'file'), join(dir, name('m'))),
  'move a tree with a gap': (dir, name) =>
    move.steps(join(dir, 'tree'), join(dir, name('old')), { overwrite: 'with-gap' }),
  'remove a tree': (dir, name) => remove.steps(join(dir, name('tree'))),
  emptyDir: dir => emptyDir.steps(dir),
  cell: (dir, name) => cell.create.steps(join(dir, name('cell').slice(64)), { data: 'data' }),
  probe: dir => probe.steps(dir),
}

/** What the calls find; in a directory with a long path, `name` is at the limit. */
function lay(dir: string, name: (own: string) => string): void {
  for (const tree of ['tree', name('tree')]) {
    mkdirSync(join(dir, tree))
    writeFileSync(join(dir, tree, 'in'), 'in')
  }
  writeFileSync(join(dir, 'file'), 'new')
  writeFileSync(join(dir, name('old')), 'old')
}

/** A disk that takes no names of more bytes: eCryptfs, or what encrypts names in the cloud. */
function shortNamed(mostBytes: number): Door {
  const refuse = ({ op, args }: SingleCall): NodeJS.ErrnoException | undefined => {
    const paths = op === 'symlink' ? args.slice(1) : args
    const names = paths.flatMap(one => (typeof one === 'string' ? one.split(isWindows ? /[\\/]/ : '/') : []))
    const isLong = names.some(name => Buffer.byteLength(name) > mostBytes)
    return isLong
      ? Object.assign(new Error(`ENAMETOOLONG, ${op}`), { code: 'ENAMETOOLONG', errno: -36, syscall: op })
      : undefined
  }
  return {
    performSync(call) {
      const error = refuse(call)
      if (error) throw error
      return door.performSync(call)
    },
    perform(call, done) {
      const error = refuse(call)
      return error ? void done(error) : door.perform(call, done)
    },
  }
}

for (const [name, use] of Object.entries(uses)) {
  holds(`${name} works where names have at most ${shortNameBytes} bytes`, async () => {
    const dir = scratch()
    const long = (own: string) => own.padEnd(shortNameBytes, '-')
    lay(dir, long)
    await drive(use(dir, long), { door: shortNamed(shortNameBytes) })
    const kept = name === 'cell' ? 1 : 0
    assert.is(readdirSync(dir).filter(one => one.startsWith('.')).length, kept)
  })
}

if (process.platform === 'linux') {
  const longestPathBytes = 4095
  /** A directory whose path leaves so many bytes for a name. */
  const deep = (room: number): string => {
    let dir = scratch()
    for (;;) {
      const left = longestPathBytes - 1 - room - dir.length
      if (left === 0) return dir
      dir = `${dir}/${'d'.repeat(left > 400 ? 200 : left > 202 ? left - 202 : left - 1)}`
      mkdirSync(dir)
    }
  }

  // In these, what is in the thing has a longer path than the system takes, under any other name that is not shorter.
  const single = Object.keys(uses).filter(name => !/tree|^copy$|probe|cell|emptyDir|updateFile|getOrCreate/.test(name))
  for (const name of single)
    holds(`${name} works where the path is as long as the system takes`, async () => {
      const dir = deep(70)
      const long = (own: string) => own.padEnd(70, '-')
      writeFileSync(`${dir}/file`, 'new')
      writeFileSync(`${dir}/${long('old')}`, 'old')
      await drive((uses[name] as (typeof uses)[string])(dir, long))
      assert.equal(privateNames(dir), [])
      const made = readdirSync(dir).find(one => one.length === 70 && !one.startsWith('old')) ?? long('old')
      if (name !== 'symlink, replace') assert.is(readFileSync(`${dir}/${made}`, 'utf8'), 'new')
      else assert.ok(lstatSync(`${dir}/${made}`).isSymbolicLink())
    })
}

holds('only what bears the mark has an owner', () => {
  const name = nameFor.sync('/dir/file').slice(5)
  assert.is.not(ownerOf(name), undefined)
  for (const other of [name.replace('.holdfast', ''), name.slice(1), `${name}x`, '.a.b-c-d.0123456789abcdef'])
    assert.is(ownerOf(other), undefined, other)
})
