// The functions that move, copy and remove things: nothing is lost on the way, and no file is ever a part of itself.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { copy, emptyDir, move, probe, remove, sweep } from 'holdfast'
import { type Act, inForm, patience } from './act.js'
import { newText, oldText } from './acts-of-files.js'
import { self } from './self.js'
import type { Tree } from './tree.js'

const at = (dir: string, name: string): string => join(dir, name)

/** Makes what the tree says. */
function plantTree(dir: string, tree: Tree): void {
  for (const [name, text] of Object.entries(tree)) {
    const path = at(dir, name)
    if (text === '/') mkdirSync(path, { recursive: true })
    else {
      mkdirSync(dirname(path), { recursive: true })
      if (text.startsWith('-> ')) symlinkSync(text.slice(3), path)
      else writeFileSync(path, text)
    }
  }
}

/** A small tree with one of everything, at a name. */
const treeAt = (name: string): Tree => ({
  [name]: '/',
  [`${name}/empty`]: '/',
  [`${name}/in`]: '/',
  [`${name}/in/file`]: newText,
  [`${name}/link`]: '-> in/file',
  [`${name}/other`]: `${newText}other`,
})

const plants = (tree: Tree) => (dir: string) => plantTree(dir, tree)
const file: Tree = { source: newText }
const both = { source: newText, target: oldText }

/** A private name of a process of this boot that is dead: no process has this pid. */
function plantDebris(dir: string): void {
  const [place] = self().split('-')
  const debris = (nonce: string) =>
    at(dir, `.file.${place}-${(4_194_303).toString(36)}-abc.${nonce.repeat(16)}.holdfast`)
  writeFileSync(debris('a'), 'half')
  mkdirSync(join(debris('b'), 'in'), { recursive: true })
  writeFileSync(join(debris('b'), 'in', 'file'), 'half')
  writeFileSync(at(dir, 'file'), oldText)
}

export const actsOfTrees: readonly Act[] = [
  {
    name: 'move',
    plant: plants(file),
    call: (dir, form) =>
      inForm(move, form)(at(dir, 'source'), at(dir, 'sub/target'), { ...patience, parents: true, durability: 'full' }),
    becomes: { sub: '/', 'sub/target': newText },
    meanwhile: [
      { source: newText, sub: '/' },
      { source: newText, sub: '/', 'sub/target': newText },
    ],
    returns: [true],
    documented: ['ERR_NO_HARD_LINKS'],
    again: 'ENOENT',
  },
  {
    name: 'move-overwrite',
    plant: plants(both),
    call: (dir, form) => inForm(move, form)(at(dir, 'source'), at(dir, 'target'), { ...patience, overwrite: true }),
    becomes: { target: newText },
    returns: [true],
    again: 'ENOENT',
  },
  {
    name: 'move-directory',
    plant: plants(treeAt('source')),
    call: (dir, form) => inForm(move, form)(at(dir, 'source'), at(dir, 'target'), patience),
    becomes: treeAt('target'),
    // The target's name is reserved by an empty directory, which the rename replaces.
    meanwhile: [{ ...treeAt('source'), target: '/' }],
    taken: [{ ...treeAt('source'), target: '/' }],
    returns: [true],
    again: 'ENOENT',
  },
  {
    name: 'move-with-gap',
    plant: plants({ source: newText, ...treeAt('target') }),
    call: (dir, form) =>
      inForm(move, form)(at(dir, 'source'), at(dir, 'target'), { ...patience, overwrite: 'with-gap' }),
    becomes: { target: newText },
    // The gap.
    meanwhile: [{ source: newText }],
    returns: [true],
    again: 'ENOENT',
  },
  {
    name: 'copy',
    plant: plants(both),
    call: (dir, form) =>
      inForm(copy, form)(at(dir, 'source'), at(dir, 'target'), { ...patience, preserveTimestamps: true }),
    becomes: { source: newText, target: newText },
  },
  {
    name: 'copy-tree',
    plant: plants({ ...treeAt('source'), target: '/', 'target/other': oldText }),
    call: (dir, form) => inForm(copy, form)(at(dir, 'source'), at(dir, 'target'), { ...patience, durability: 'full' }),
    becomes: { ...treeAt('source'), ...treeAt('target') },
    piecewise: true,
  },
  {
    name: 'copy-no-overwrite',
    plant: plants(file),
    call: (dir, form) => inForm(copy, form)(at(dir, 'source'), at(dir, 'target'), { ...patience, overwrite: false }),
    becomes: { source: newText, target: newText },
    documented: ['ERR_NO_HARD_LINKS'],
  },
  {
    name: 'remove',
    plant: plants({ file: oldText, other: newText }),
    call: (dir, form) => inForm(remove, form)(at(dir, 'file'), patience),
    becomes: { other: newText },
    returns: [true, false],
  },
  {
    name: 'remove-tree',
    plant: plants({ ...treeAt('tree'), other: newText }),
    call: (dir, form) => inForm(remove, form)(at(dir, 'tree'), patience),
    becomes: { other: newText },
    piecewise: true,
    returns: [true, false],
  },
  {
    name: 'emptyDir',
    plant: plants({ ...treeAt('dir'), other: newText }),
    call: (dir, form) => inForm(emptyDir, form)(at(dir, 'dir'), patience),
    becomes: { dir: '/', other: newText },
    piecewise: true,
  },
  {
    name: 'sweep',
    plant: plantDebris,
    call: (dir, form) => inForm(sweep, form)(dir, patience),
    becomes: { file: oldText },
    plantsDebris: true,
  },
  {
    name: 'probe',
    plant: plants(file),
    call: (dir, form) => inForm(probe, form)(dir, { ...patience, links: 2 }),
    becomes: file,
    varies: true,
    repeats: true,
  },
]
