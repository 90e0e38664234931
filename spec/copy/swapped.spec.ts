// While a tree is copied, another process puts a link in the place of a directory or a file, in the source or in the
// target: nothing that the link leads to may be read or touched. Here that happens before each call in turn; ../attack
// has a process that never stops.

import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type CopyOptions, copy, getOrCreate, move, remove } from 'holdfast'
import { type Call, driveSync, dual, type Steps } from 'holdfast/steps'
import { syncTree } from '../../lib/parts/sync-tree.js'
import { copyInPlace } from '../broken/broken.js'
import { through } from '../broken/interfere.js'
import { assert, holds, memory, note, scratch } from '../support/kit.js'
import { told } from '../support/planted.js'
import { namesIn, shapeOf } from '../support/trees.js'

const onLinux = process.platform === 'linux'
const library = new URL('../../lib/index.js', import.meta.url).href

interface Place {
  readonly dir: string
  readonly source: string
  readonly target: string
  readonly outside: string
}

const dirs = ['', 'a', 'a/b', 'a/b/c']

/** A target that is there already has the same names, so that all of them can be swapped. */
function layOut(isTargetThere = true): Place {
  const dir = scratch(memory)
  const place = {
    dir,
    source: join(dir, 'source'),
    target: join(dir, 'target'),
    outside: join(dir, 'outside'),
  }
  const tops = { source: 'new', outside: 'kept', ...(isTargetThere && { target: 'old' }) }
  for (const [name, content] of Object.entries(tops)) {
    mkdirSync(join(dir, name, 'a/b/c'), { recursive: true })
    for (const at of dirs) writeFileSync(join(dir, name, at, 'file'), content)
    linkSync(join(dir, name, 'a/file'), join(dir, name, 'a/b/other'))
  }
  return place
}

/** Puts a link to what is outside in the place of a name in the tree. */
function swap({ dir, outside }: Place, tree: string, inside: string): boolean {
  const at = join(tree, inside)
  if (!existsSync(at)) return false
  renameSync(at, join(dir, 'swapped'))
  symlinkSync(join(outside, inside), at)
  return true
}

/** Is there a file with the content of those outside? No link is followed. */
const hasRead = (dir: string): boolean => namesIn(dir).some(name => isKept(join(dir, name)))
const isKept = (path: string): boolean => lstatSync(path).isFile() && readFileSync(path, 'utf8') === 'kept'

interface Swapped {
  swaps: number
  /** How many of the swaps, each before another call, made the steps read, change or make something outside. */
  harmed: number
}

function swapAtEachCall(
  steps: (place: Place) => Steps<unknown>,
  side: 'source' | 'target',
  isTargetThere = true,
): Swapped {
  const count = { swaps: 0, harmed: 0 }
  for (const inside of ['a', 'a/b/c', 'a/b/file'])
    for (let k = 0; ; k++) {
      const place = layOut(isTargetThere)
      const before = told(place.outside)
      let calls = 0
      const door = (call: Call): Call => {
        if (calls++ === k) for (const tree of treesOf(place, side)) if (swap(place, tree, inside)) count.swaps++
        return call
      }
      try {
        driveSync(through(steps(place), door))
      } catch {}
      const isRead = existsSync(place.target) && !lstatSync(place.target).isSymbolicLink() && hasRead(place.target)
      if (isRead || JSON.stringify(told(place.outside)) !== JSON.stringify(before)) count.harmed++
      if (calls <= k) break
    }
  return count
}

/** The copy of a move is staged beside its target. */
const treesOf = ({ dir, source }: Place, side: 'source' | 'target'): readonly string[] =>
  side === 'source'
    ? [source]
    : readdirSync(dir)
        .filter(one => /^(target$|\.target)/.test(one))
        .map(one => join(dir, one))

/** As if the target was on another device. */
function* across(steps: Steps<unknown>, source: string): Steps<unknown> {
  const door = (call: Call): Call => {
    if (call.op === 'rename' && call.args[0] === source && !String(call.args[1]).includes('/.source.'))
      throw Object.assign(new Error('EXDEV'), { code: 'EXDEV', errno: -18, syscall: 'rename' })
    return call
  }
  return yield* through(steps, door)
}

/** Where a path leads, also if it begins with a descriptor. */
const realOf = (path: string): string => {
  try {
    return realpathSync.native(path)
  } catch {
    return path
  }
}

const options = { retryFor: 50 }
const ways: Readonly<Record<string, CopyOptions>> = {
  'in handfuls': {},
  'each by itself': { preserveTimestamps: true, durability: 'full', concurrency: 3 },
  'without overwrite': { overwrite: false },
}

if (!onLinux) holds.skip('links that take the place of directories', 'only Linux looks up names by a descriptor')
else {
  for (const side of ['source', 'target'] as const)
    for (const [how, way] of Object.entries(ways))
      holds(`copy ${how}: a link that comes into the ${side}, before any of its calls, leads nowhere`, () => {
        for (const isTargetThere of how === 'in handfuls' ? [true, false] : [true]) {
          const copying = ({ source, target }: Place) => copy.steps(source, target, { ...options, ...way })
          const { swaps, harmed } = swapAtEachCall(copying, side, isTargetThere)
          note(`${swaps} swaps`)
          assert.ok(swaps > 20, `only ${swaps} swaps`)
          assert.is(harmed, 0)
        }
      })

  for (const side of ['source', 'target'] as const)
    holds(`move to another device: a link that comes into the ${side}, before any of its calls, leads nowhere`, () => {
      const moving = ({ source, target }: Place) => across(move.steps(source, target, options), source)
      const { swaps, harmed } = swapAtEachCall(moving, side, false)
      note(`${swaps} swaps`)
      assert.ok(swaps > 20, `only ${swaps} swaps`)
      assert.is(harmed, 0)
    })

  holds('the same swaps make a copy by path read and write what is outside', () => {
    for (const side of ['source', 'target'] as const) {
      const { swaps, harmed } = swapAtEachCall(({ source, target }) => copyInPlace.steps(source, target), side)
      note(`by path, in the ${side}: ${harmed} of ${swaps} swaps`)
      assert.ok(harmed > 0)
    }
  })

  holds('a directory that getOrCreate makes durable is walked in the same way', () => {
    let swaps = 0
    for (let k = 0; ; k++) {
      const place = layOut()
      let calls = 0
      const synced: string[] = []
      const door = (call: Call): Call => {
        if (calls++ === k && swap(place, place.target, 'a/b')) swaps++
        if (call.op === 'open' && call.args[1] !== 'r directory') synced.push(realOf(String(call.args[0])))
        return call
      }
      try {
        driveSync(
          through(
            syncTree(place.target, 'full', function* () {}),
            door,
          ),
        )
      } catch {}
      assert.equal(
        synced.filter(path => path.startsWith(place.outside)),
        [],
      )
      if (calls <= k) break
    }
    assert.ok(swaps > 10, `${swaps} swaps`)
  })

  for (const form of ['promise', 'sync'] as const)
    holds(
      `a tree whose paths are longer than any path may be is copied, and moved to another device (${form})`,
      async () => {
        const dir = scratch(memory)
        const at = (name: string) => join(dir, name)
        const levels = 60
        layDeep(at('source'), levels)
        const opened = openNow()
        let most = 0
        const door = (call: Call): Call => {
          // A directory is listed by a descriptor, too.
          const own = call.op === 'list' || call.op === 'open' ? 1 : 0
          most = Math.max(most, openNow() - opened + own)
          return call
        }
        const moving = () => across(move.steps(at('target'), at('moved'), { durability: 'full' }), at('target'))
        if (form === 'promise') {
          await copy(at('source'), at('target'))
          await dual(moving)()
        } else {
          driveSync(through(copy.steps(at('source'), at('target'), { concurrency: 1 }), door))
          driveSync(through(moving(), door))
          // The walk has at most four, and a file that is copied has two.
          assert.ok(most > 4 && most <= 6, `${most} descriptors at once`)
        }
        assert.is(openNow(), opened)
        assert.not(existsSync(at('target')))
        for (const name of ['source', 'moved']) {
          assert.is(depthOf(at(name)), levels)
          remove.sync(at(name))
        }
      },
    )

  holds('a directory that is deeper than any path may be is made durable by getOrCreate', async () => {
    const at = join(scratch(memory), 'made')
    await getOrCreate(at, dir => layDeep(dir, 30), { kind: 'directory', durability: 'full' })
    assert.is(depthOf(at), 30)
    remove.sync(at)
  })

  holds('what comes back on the way up is not what was left: the call ends, or finds the way from the top', () => {
    const place = layOut(false)
    mkdirSync(join(place.source, 'a/z'))
    // While the directory below is copied, the one above is put elsewhere.
    const door = (call: Call): Call => {
      const isInner = call.op === 'mkdir' && realOf(String(call.args[0]).replace(/\/[^/]*$/, '')).endsWith('target/a/b')
      if (isInner && existsSync(join(place.source, 'a/b')))
        renameSync(join(place.source, 'a/b'), join(place.dir, 'elsewhere'))
      return call
    }
    driveSync(through(copy.steps(place.source, place.target, options), door))
    assert.equal(shapeOf(join(place.target, 'a/b')), shapeOf(join(place.dir, 'elsewhere')))
    assert.ok(existsSync(join(place.target, 'a/z')))
  })

  const script = (source: string, target: string) =>
    `const { copy, move } = await import('${library}')
     copy.sync('${source}', '${target}1', { preserveTimestamps: true })
     await copy('${source}', '${target}2')
     console.log(await move('${target}2', '${target}3'))`
  const copied = ({ source, target }: Place): void => {
    for (const name of ['1', '3']) assert.equal(shapeOf(target + name), shapeOf(source))
    assert.is(statSync(`${target}1/a/file`).ino, statSync(`${target}1/a/b/other`).ino)
  }

  holds('where the permission model refuses paths of descriptors, trees are copied all the same', () => {
    const place = layOut(false)
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
    const args = [flag, '--allow-fs-read=*', `--allow-fs-write=${place.dir}/*`, '--no-warnings', '--input-type=module']
    const text = script(place.source, place.target).replace(', { preserveTimestamps: true }', '')
    const { stdout, stderr } = spawnSync(process.execPath, [...args, '-e', text], { encoding: 'utf8' })
    assert.is(stdout, 'true\n', stderr)
    copied(place)
  })

  if (process.getuid?.() !== 0) holds.skip('where /proc is missing', 'it takes root')
  else
    holds('where /proc is missing, trees are copied all the same', () => {
      const place = layOut(false)
      const hidden = 'mount -t tmpfs none /proc && exec "$@"'
      const node = [process.execPath, '--input-type=module', '-e', script(place.source, place.target)]
      const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', hidden, 'sh', ...node], { encoding: 'utf8' })
      assert.is(stdout, 'true\n', stderr)
      copied(place)
    })
}

const openNow = (): number => readdirSync('/proc/self/fd').length

/** Directories in directories, with a file in each. */
function layDeep(top: string, levels: number): void {
  mkdirSync(top, { recursive: true })
  inEach(top, levels, here => {
    writeFileSync(`${here}/file`, 'deep')
    mkdirSync(`${here}/${'d'.repeat(200)}`)
  })
}

/** How many levels have their file. */
function depthOf(top: string): number {
  let depth = 0
  inEach(top, Number.POSITIVE_INFINITY, here => {
    if (readFileSync(`${here}/file`, 'utf8') === 'deep') depth++
  })
  return depth
}

function inEach(top: string, levels: number, work: (here: string) => void): void {
  let fd = openSync(top, constants.O_DIRECTORY)
  try {
    for (let level = 0; level < levels; level++) {
      work(`/proc/self/fd/${fd}`)
      const next = openSync(`/proc/self/fd/${fd}/${'d'.repeat(200)}`, constants.O_DIRECTORY)
      closeSync(fd)
      fd = next
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  } finally {
    closeSync(fd)
  }
}
