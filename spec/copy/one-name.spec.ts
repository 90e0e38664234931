// Where case does not count, two names of one source may be one name at the target.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CopyOptions, copy, move } from 'holdfast'
import { dual, type Steps } from 'holdfast/steps'
import { caseless } from '../broken/interfere.js'
import { caselessKinds, mountCaseless, spellingKinds } from '../support/caseless.js'
import { assert, holds, memory, scratch } from '../support/kit.js'
import { told } from '../support/planted.js'
import { privateNames, shapeOf } from '../support/trees.js'

const pairs = [
  ['README', 'readme'],
  ['\u00c4rger', '\u00e4rger'],
] as const

function lay(dir: string, [one, other]: readonly [string, string], kind: 'file' | 'directory'): string {
  const source = join(dir, 'source')
  mkdirSync(join(source, 'sub'), { recursive: true })
  for (const name of [one, other, 'plain']) {
    if (kind === 'directory') mkdirSync(join(source, 'sub', name))
    writeFileSync(join(source, 'sub', name, ...(kind === 'directory' ? ['in'] : [])), name)
  }
  return source
}

const all: readonly CopyOptions[] = [{}, { concurrency: 1 }, { overwrite: false }, { preserveTimestamps: true }]

/** Copies where case does not count: an error names both, and nothing is replaced. */
function refusedAt(target: string, source: string, [one, other]: readonly [string, string], run: () => unknown): void {
  const error = assert.throws(run, { code: 'EEXIST', message: /the same name/ })
  for (const name of [one, other]) assert.ok(error.message.includes(join(source, 'sub', name)), error.message)
  assert.equal(privateNames(target), [])
}

/** The same steps, in a directory of which this process believes that case does not count there. */
const folded = (dir: string, steps: () => Steps<unknown>) => () => dual(() => caseless(dir, steps())).sync()

holds(
  'two names that are one at the target are an error that names both; where they are two, both arrive',
  async () => {
    for (const kind of ['file', 'directory'] as const)
      for (const pair of pairs)
        for (const options of all) {
          const [dir, to] = [scratch(), scratch()]
          const source = lay(dir, pair, kind)
          const target = join(to, 'target')
          refusedAt(
            to,
            source,
            pair,
            folded(to, () => copy.steps(source, target, options)),
          )
          for (const name of readdirSync(join(target, 'sub')))
            if (kind === 'file') assert.is(readFileSync(join(target, 'sub', name), 'utf8'), name)
          const filter = (path: string) => !path.endsWith(pair[1])
          folded(to, () => copy.steps(source, join(to, 'fewer'), { ...options, filter }))()
          assert.equal(readdirSync(join(to, 'fewer/sub')).sort(), ['plain', pair[0]].sort())
          await copy(source, join(to, 'both'), options)
          assert.equal(shapeOf(join(to, 'both')), shapeOf(source))
        }
  },
)

holds('a move to another device publishes nothing then, and leaves the source whole', () => {
  const [dir, to] = [scratch(), scratch(memory)]
  const source = lay(dir, pairs[0], 'file')
  const before = told(source)
  const way = folded(to, () => move.steps(source, join(to, 'target')))
  refusedAt(to, source, pairs[0], way)
  assert.equal([readdirSync(to), told(source)], [[], before])
})

holds('where case counts, a directory is copied and moved to another spelling of its name', async () => {
  for (const call of [copy, move])
    for (const run of [call, call.sync]) {
      const dir = scratch()
      const source = lay(dir, pairs[0], 'directory')
      const before = shapeOf(source)
      if (existsSync(join(dir, 'SOURCE'))) return
      await run(source, join(dir, 'SOURCE'))
      assert.equal(shapeOf(join(dir, 'SOURCE')), before)
      if (call === copy) assert.equal(shapeOf(source), before)
    }
})

for (const kind of caselessKinds) {
  const mounted = mountCaseless(kind)
  if ('why' in mounted) holds.skip(`the same on ${kind}`, mounted.why)
  else {
    process.prependListener('exit', mounted.unmount)
    holds(`a directory is neither copied nor moved into itself by another spelling on ${kind}`, async () => {
      const source = join(mounted.dir, 'Into/It')
      mkdirSync(join(source, 'sub'), { recursive: true })
      for (const target of ['INTO/IT/sub/new', 'into/it/new'])
        for (const call of [copy, move]) {
          const before = told(mounted.dir)
          assert.throws(() => call.sync(source, join(mounted.dir, target), { retryFor: 100 }), { code: 'EINVAL' })
          assert.equal(told(mounted.dir), before)
        }
      await copy(source, join(mounted.dir, 'Into/It-new/new'), { parents: true })
      assert.equal(readdirSync(join(mounted.dir, 'Into/It-new/new')), ['sub'])
    })
    if (!spellingKinds.includes(kind)) continue
    holds(`the same on ${kind}`, async () => {
      for (const pair of pairs) {
        const source = lay(scratch(), pair, 'file')
        const target = join(mounted.dir, pair[0])
        for (const options of all) {
          refusedAt(mounted.dir, source, pair, () => copy.sync(source, target, options))
          for (const name of readdirSync(join(target, 'sub')))
            assert.is(readFileSync(join(target, 'sub', name), 'utf8'), name)
        }
      }
    })
  }
}
