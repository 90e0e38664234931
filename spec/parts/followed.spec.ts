// Every function, and every path that it takes: what it does with a link in a directory like /tmp, whose last name it is.
// One that another user has put there is never followed, whatever the system is set to (`fs.protected_symlinks`); one of
// the caller's own, and one of the owner of the directory, are.

import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  copy,
  createExclusive,
  emplace,
  emptyDir,
  getOrCreate,
  link,
  mkdirp,
  move,
  probe,
  remove,
  sweep,
  symlink,
  updateFile,
  within,
  writeFile,
  writeFiles,
} from 'holdfast'
import { driveSync, fs, hasCode, isSystemError, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { assert, canBeAnother, holds, note, scratch, userId } from '../support/kit.js'
import { told } from '../support/planted.js'

const debris = '.old.gone-0-0.0123456789abcdef.holdfast'

interface Ground {
  /** The directory like /tmp. */
  readonly dir: string
  /** The link in it. */
  readonly path: string
  /** What the link leads to; a directory has debris in it. */
  readonly behind: string
  /** Of root's, elsewhere. */
  readonly own: string
  /** A file and a directory of root's in the directory. */
  readonly file: string
  readonly tree: string
}

interface Row {
  /** What the link leads to. */
  readonly to: 'file' | 'directory'
  steps(ground: Ground): Steps<unknown>
  /** Was the link followed? */
  followed(ground: Ground, value: unknown): boolean
}

const holdsNew = ({ behind }: Ground): boolean => readFileSync(behind, 'utf8') === 'new'
const holdsNewFile = ({ behind }: Ground): boolean => existsSync(join(behind, 'new'))
const hasCopied = ({ own }: Ground): boolean => existsSync(join(own, 'copied'))
const isSwept = ({ behind }: Ground): boolean => !existsSync(join(behind, debris))
const makeNew = (stage: string): void => {
  writeFileSync(join(stage, 'new'), 'new')
}

function writeBelow(root: string): void {
  using dir = within.sync(root)
  dir.writeFile.sync('new', 'new')
}

/** Those that follow a link. */
const following: Record<string, Row> = {
  'writeFile(file)': { to: 'file', steps: ({ path }) => writeFile.steps(path, 'new'), followed: holdsNew },
  'writeFiles(files)': {
    to: 'file',
    steps: ({ path }) => writeFiles.steps(new Map([[path, 'new']])),
    followed: holdsNew,
  },
  'updateFile(file)': { to: 'file', steps: ({ path }) => updateFile.steps(path, () => 'new'), followed: holdsNew },
  'getOrCreate(path), of a file': {
    to: 'file',
    steps: ({ path }) => getOrCreate.steps(path, () => 'new', { refresh: true }),
    followed: holdsNew,
  },
  'getOrCreate(path), of a directory': {
    to: 'directory',
    steps: ({ path }) => getOrCreate.steps(path, makeNew, { kind: 'directory', refresh: true }),
    followed: holdsNewFile,
  },
  'createExclusive(file)': {
    to: 'file',
    steps: ({ path }) => createExclusive.steps(path, 'new', { durability: 'full' }),
    followed: (_, created) => created === false,
  },
  'copy(source), of a file that is dereferenced': {
    to: 'file',
    steps: ({ path, own }) => copy.steps(path, join(own, 'copied'), { dereference: true }),
    followed: ({ own }) => readFileSync(join(own, 'copied'), 'utf8') === 'root’s',
  },
  'copy(source), of a directory that is dereferenced': {
    to: 'directory',
    steps: ({ path, own }) => copy.steps(path, join(own, 'copied'), { dereference: true }),
    followed: hasCopied,
  },
  'copy(source), of a tree with a link to a file that is dereferenced': {
    to: 'file',
    steps: ({ dir, own }) => copy.steps(dir, join(own, 'copied'), { dereference: true }),
    followed: hasCopied,
  },
  'copy(source), of a tree with a link to a directory that is dereferenced': {
    to: 'directory',
    steps: ({ dir, own }) => copy.steps(dir, join(own, 'copied'), { dereference: true }),
    followed: hasCopied,
  },
  'copy(target), of a directory': {
    to: 'directory',
    steps: ({ path, tree }) => copy.steps(tree, path),
    followed: holdsNewFile,
  },
  'copy(target), of a directory, without overwriting': {
    to: 'directory',
    steps: ({ path, tree }) => copy.steps(tree, path, { overwrite: false }),
    followed: holdsNewFile,
  },
  'emptyDir(dir)': {
    to: 'directory',
    steps: ({ path }) => emptyDir.steps(path),
    followed: ({ behind }) => !existsSync(join(behind, 'old')),
  },
  'sweep(dir)': { to: 'directory', steps: ({ path }) => sweep.steps(path, { grace: 0 }), followed: isSwept },
  'probe(dir)': {
    to: 'directory',
    steps: ({ path }) => probe.steps(path),
    followed: (_, keeps) => keeps !== undefined,
  },
  'probe(dir, { through })': {
    to: 'directory',
    steps: ({ path, behind }) => probe.steps(behind, { through: path }),
    followed: (_, keeps) => keeps !== undefined,
  },
  'within(root)': { to: 'directory', steps: ({ path }) => fs.settle(writeBelow(path)), followed: holdsNewFile },
}

const isStillLink = ({ path }: Ground): boolean => lstatSync(path).isSymbolicLink()
const isReplaced = ({ path }: Ground): boolean => !isStillLink({ path } as Ground)
const isGone = ({ path }: Ground): boolean => lstatSync(path, { throwIfNoEntry: false }) === undefined
const hasLink = ({ own }: Ground): boolean => lstatSync(join(own, 'copied')).isSymbolicLink()

/** Those that are about the link itself, or only look at what is there. `followed` says whether that was done. */
const notFollowing: Record<string, Row> = {
  'writeFile(file), which replaces links': {
    to: 'file',
    steps: ({ path }) => writeFile.steps(path, 'new', { symlinks: 'replace' }),
    followed: isReplaced,
  },
  'copy(source), of a link': {
    to: 'directory',
    steps: ({ path, own }) => copy.steps(path, join(own, 'copied')),
    followed: hasLink,
  },
  'copy(source), of a tree with a link': {
    to: 'directory',
    steps: ({ dir, own }) => copy.steps(dir, join(own, 'copied')),
    followed: ({ own }) => lstatSync(join(own, 'copied/link')).isSymbolicLink(),
  },
  'copy(target), of a file': { to: 'file', steps: ({ path, file }) => copy.steps(file, path), followed: isReplaced },
  'copy(target), of a file, without overwriting': {
    to: 'file',
    steps: ({ path, file }) => copy.steps(file, path, { overwrite: false }),
    followed: isStillLink,
  },
  'move(source)': {
    to: 'directory',
    steps: ({ path, own }) => move.steps(path, join(own, 'copied')),
    followed: hasLink,
  },
  'move(target)': { to: 'directory', steps: ({ path, tree }) => move.steps(tree, path), followed: isStillLink },
  'move(target), of a file that replaces': {
    to: 'file',
    steps: ({ path, file }) => move.steps(file, path, { overwrite: true }),
    followed: isReplaced,
  },
  'move(target), of a directory that replaces': {
    to: 'directory',
    steps: ({ path, tree }) => move.steps(tree, path, { overwrite: 'with-gap' }),
    followed: isReplaced,
  },
  'emplace(source)': {
    to: 'file',
    steps: ({ path, own }) => emplace.steps(path, join(own, 'copied')),
    followed: hasLink,
  },
  'emplace(target)': { to: 'file', steps: ({ path, file }) => emplace.steps(file, path), followed: isReplaced },
  'link(path), which replaces': {
    to: 'file',
    steps: ({ path, file }) => link.steps(file, path, { replace: true }),
    followed: isReplaced,
  },
  'symlink(path), which replaces': {
    to: 'file',
    steps: ({ path }) => symlink.steps('elsewhere', path, { replace: true }),
    followed: ({ path }) => readlinkSync(path) === 'elsewhere',
  },
  'remove(path)': { to: 'directory', steps: ({ path }) => remove.steps(path), followed: isGone },
  'mkdirp(dir)': {
    to: 'directory',
    steps: ({ path }) => mkdirp.steps(path),
    followed: (_, made) => made === undefined,
  },
  // Linux links the link itself, and elsewhere a link that was planted is refused.
  ...(process.platform === 'linux' && {
    'link(existing)': {
      to: 'file',
      steps: ({ path, dir }) => link.steps(path, join(dir, 'linked')),
      followed: ({ dir }) => lstatSync(join(dir, 'linked')).isSymbolicLink(),
    } satisfies Row,
  }),
}

function layGround(to: Row['to'], dirOwner: number, linkOwner: number): Ground {
  const dir = scratch()
  chownSync(dir, dirOwner, dirOwner)
  chmodSync(dir, 0o1777)
  const [own, elsewhere] = [scratch(), scratch()]
  const [behind, file, tree] = [join(elsewhere, 'behind'), join(own, 'file'), join(own, 'tree')]
  if (to === 'file') writeFileSync(behind, 'root’s', { mode: 0o600 })
  else mkdirSync(behind)
  if (to === 'directory') for (const name of [debris, 'old']) writeFileSync(join(behind, name), '')
  writeFileSync(file, 'file')
  mkdirSync(tree)
  makeNew(tree)
  const path = join(dir, 'link')
  symlinkSync(behind, path)
  lchownSync(path, linkOwner, linkOwner)
  return { dir, path, behind, own, file, tree }
}

/** Runs the steps of a row. Returns whether it has done what it does, or the error. */
function outcomeOf(row: Row, ground: Ground): boolean | unknown {
  try {
    return row.followed(ground, driveSync(row.steps(ground)))
  } catch (error) {
    return error
  }
}

if (!canBeAnother()) holds.skip('links in a directory like /tmp', 'it takes root, and a checkout that others may read')
else {
  for (const [name, row] of Object.entries(following)) {
    holds(`${name} follows no link that another user has planted`, () => {
      const ground = layGround(row.to, 0, userId)
      const before = told(ground.behind)
      const error = outcomeOf(row, ground)
      assert.ok(hasCode(error, 'EACCES') && /another user/.test(String(error)), String(error))
      assert.equal(told(ground.behind), before)
      // The link may also be behind one of root's own.
      const dir = scratch()
      symlinkSync(ground.path, join(dir, 'link'))
      const chained = outcomeOf(row, { ...ground, dir, path: join(dir, 'link') })
      assert.ok(hasCode(chained, 'EACCES'), String(chained))
      assert.equal(told(ground.behind), before)
    })

    holds(`${name} follows one’s own link, and that of the owner of the directory`, () => {
      for (const [dirOwner, linkOwner] of [
        [0, 0],
        [userId, userId],
        [userId, 0],
      ] as const)
        assert.is(outcomeOf(row, layGround(row.to, dirOwner, linkOwner)), true, `${linkOwner} in that of ${dirOwner}`)
    })
  }

  for (const [name, row] of Object.entries(notFollowing))
    holds(`${name} leaves alone what a link leads to, whichever user has put that there`, () => {
      for (const linkOwner of [0, userId]) {
        const ground = layGround(row.to, 0, linkOwner)
        const before = told(ground.behind)
        assert.is(outcomeOf(row, ground), true)
        assert.equal(told(ground.behind), before)
      }
    })

  const swaps: Record<string, (ground: Ground) => Steps<unknown>> = {
    'copy(source)': ({ path, own }) => copy.steps(path, join(own, 'copied'), { dereference: true }),
    'copy(source), of a tree': ({ dir, own }) => copy.steps(dir, join(own, 'copied'), { dereference: true }),
    'copy(source), with times': ({ dir, own }) =>
      copy.steps(dir, join(own, 'copied'), { dereference: true, preserveTimestamps: true }),
  }
  for (const [name, steps] of Object.entries(swaps))
    holds(`${name}: what another user’s file is swapped for is not read`, () => {
      let swapped = 0
      for (let k = 0; ; k++) {
        const ground = layGround('file', 0, userId)
        const { path, behind, own } = ground
        unlinkSync(path)
        writeFileSync(path, 'theirs')
        chownSync(path, userId, userId)
        let calls = 0
        try {
          driveSync(
            through(steps(ground), call => {
              if (calls++ === k) {
                renameSync(path, join(own, 'aside'))
                symlinkSync(behind, path)
                lchownSync(path, userId, userId)
                swapped++
              }
              return call
            }),
          )
        } catch (error) {
          assert.ok(isSystemError(error), String(error))
        }
        assert.not(told(join(own, 'copied'))?.join().includes('root'), `swapped before call ${k}`)
        if (calls <= k) break
      }
      note(`${name}: swapped ${swapped} times`)
      assert.ok(swapped > 5)
    })
}
