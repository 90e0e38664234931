// A copy of a tree, where something has the name of a link: the faces refuse what their packages refuse.

import * as node from 'node:fs'
import { mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fsExtra from 'fs-extra'
import { default as fsExtraFace } from 'holdfast/fs-extra'
import { assert, holds, scratch } from '../support/kit.js'

interface Case {
  readonly name: string
  /** The text of the link in the source, and what has its name in the target: a link with a text, or a file. */
  readonly link: string
  readonly there: string | undefined
  /** Node refuses also this, and so a tree with links cannot be copied twice. */
  readonly unlike?: boolean
}

const cases: readonly Case[] = [
  { name: 'a file', link: '/up/a', there: undefined },
  { name: 'a file, and it leads to a directory', link: '/up/src/a', there: undefined },
  { name: 'a link that leads above', link: '/up/src/a', there: '/up/src' },
  { name: 'a link that leads below', link: '/up/src', there: '/up/src/a' },
  { name: 'a link that leads elsewhere', link: '/up/src/a', there: '/up/other' },
  { name: 'the same link', link: '/up/src/a', there: '/up/src/a', unlike: true },
]

type Copy = (source: string, target: string, options: object) => unknown

const outcomeOf = async (copy: Copy, { link, there }: Case, options: object): Promise<string> => {
  const dir = scratch()
  const at = (text: string) => text.replace('/up', dir)
  mkdirSync(join(dir, 'src/a'), { recursive: true })
  mkdirSync(join(dir, 'dest'))
  mkdirSync(join(dir, 'other'))
  symlinkSync(at(link), join(dir, 'src/link'))
  if (there === undefined) writeFileSync(join(dir, 'dest/link'), 'there')
  else symlinkSync(at(there), join(dir, 'dest/link'))
  try {
    await copy(join(dir, 'src'), join(dir, 'dest'), options)
    return `copied, ${readlinkSync(join(dir, 'dest/link')).replace(dir, '/up')}`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return `${code} ${message.replaceAll(dir, '/up').replace(/ \([^/]*\)$/, '')}`
  }
}

const [better, betterSync] = [fsExtraFace.cp as unknown as Copy, fsExtraFace.cpSync as Copy]

for (const one of cases)
  for (const options of [{ recursive: true }, { recursive: true, force: false }]) {
    const how = JSON.stringify(options)
    holds(`cp of a link in the place of ${one.name}, ${how}`, async () => {
      const ours = await outcomeOf(better, one, options)
      assert.is(await outcomeOf(betterSync, one, options), ours)
      assert.is(ours.startsWith('copied'), one.there === '/up/other' || one.unlike === true)
      if (one.unlike) return
      const theirs = await outcomeOf(node.promises.cp as Copy, one, options)
      assert.is(ours.replace(/^copied.*/, 'copied'), theirs.replace(/^copied.*/, 'copied'))
    })
  }

for (const one of cases)
  holds(`fs-extra's copy of a link in the place of ${one.name}`, async () => {
    const ours = await outcomeOf(fsExtraFace.copy, one, {})
    assert.is(await outcomeOf(fsExtraFace.copySync as Copy, one, {}), ours)
    assert.is(ours, await outcomeOf(fsExtra.copy, one, {}))
  })
