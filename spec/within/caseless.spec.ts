// Where case does not count, no other spelling of a name leads out of a root, and two names that are one thing are what
// they are outside of a root.

import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as holdfast from 'holdfast'
import { within } from 'holdfast'
import { caselessKinds, mountCaseless } from '../support/caseless.js'
import { assert, holds, note } from '../support/kit.js'
import { told } from '../support/planted.js'
import { acts } from './acts.js'
import { ended, type Work, withoutTimes } from './alike.js'

interface Laid {
  readonly root: string
  readonly outside: string
  readonly hasLinks: boolean
}

function layOut(dir: string): Laid {
  const [root, outside] = [join(dir, 'root'), join(dir, 'outside')]
  for (const one of [root, outside]) {
    rmSync(one, { recursive: true, force: true })
    mkdirSync(join(one, 'a/b'), { recursive: true })
    for (const file of ['f', 'a/f', 'a/b/f', 'a/b/README']) writeFileSync(join(one, file), file)
  }
  try {
    symlinkSync('../outside', join(root, 'out'))
    symlinkSync(outside, join(root, 'absolute'))
    symlinkSync(`${root.toUpperCase()}/../outside`, join(root, 'shouted'))
  } catch {
    return { root, outside, hasLinks: false }
  }
  return { root, outside, hasLinks: true }
}

const waysOut = ['../OUTSIDE/F', 'A/../../Outside/f']
const waysByLinks = ['OUT/f', 'Out/A/F', 'a/../OUT', 'ABSOLUTE/f', 'Shouted/f', 'shouted/F']

const quick = { retryFor: 100 } as const

/** Two spellings of one thing. */
const works: Readonly<Record<string, Work>> = {
  'copy of a file onto itself': (f, at) => f.copy(at('f'), at('F'), quick),
  'copy of a directory onto itself': (f, at) => f.copy(at('a'), at('A'), quick),
  'copy of a directory into itself': (f, at) => f.copy(at('a'), at('A/B/c'), quick),
  'move of a file onto itself': (f, at) => f.move(at('f'), at('F'), quick),
  'move of a directory into itself': (f, at) => f.move(at('a'), at('A/b/c'), quick),
  'move, overwriting': (f, at) => f.move(at('a/f'), at('A/B/F'), { ...quick, overwrite: true }),
  'emplace of a file onto itself': (f, at) => f.emplace(at('f'), at('F'), quick),
  'link of a file to itself': (f, at) => f.link(at('f'), at('F'), quick),
  'writeFiles, one file twice': (f, at) =>
    f.writeFiles(
      [
        [at('f'), 'one'],
        [at('F'), 'two'],
      ],
      { ...quick, concurrency: 1 },
    ),
  'writeFile, another spelling': (f, at) => f.writeFile(at('A/F'), 'new', quick),
  createExclusive: (f, at) => f.createExclusive(at('A/F'), 'new', quick),
  mkdirp: (f, at) => f.mkdirp(at('A/B/new/er'), quick),
  'mkdirp, where a file is': (f, at) => f.mkdirp(at('A/F/x'), quick),
  updateFile: (f, at) => f.updateFile(at('A/B/F'), (old = '') => `${old}er`, quick),
  'lock, held by another spelling': async (f, at) => {
    using _ = await f.lock(at('a/f'))
    return (await f.lock.try(at('A/F'))) ?? 'busy'
  },
  remove: (f, at) => f.remove(at('A/B'), quick),
  'remove, a file': (f, at) => f.remove(at('A/f'), quick),
}

for (const kind of caselessKinds) {
  const mounted = mountCaseless(kind)
  if ('why' in mounted) {
    holds.skip(`names on ${kind}`, mounted.why)
    continue
  }
  process.prependListener('exit', mounted.unmount)
  const dir = realpathSync(mounted.dir)

  holds(`${kind}: no function leads out by another spelling`, async () => {
    const { hasLinks } = layOut(dir)
    const ways = [...waysOut, `${dir.toUpperCase()}/OUTSIDE/f`, ...(hasLinks ? waysByLinks : [])]
    for (const path of ways) {
      let { root, outside } = layOut(dir)
      const before = told(outside)
      for (const [name, act] of Object.entries(acts))
        for (const form of ['promise', 'sync'] as const) {
          using bound = within.sync(root)
          let code: unknown
          try {
            await act(bound, form, path)
          } catch (error) {
            code = (error as NodeJS.ErrnoException).code
          }
          // A link that is taken for itself is no way out.
          assert.ok(code === 'ERR_OUTSIDE_ROOT' || path.endsWith('OUT'), `${name}, ${form}, ${path}: ${code}`)
          assert.equal(told(outside), before, `${name}, ${form}, ${path}`)
          if (code !== 'ERR_OUTSIDE_ROOT') ({ root, outside } = layOut(dir))
        }
    }
    note(`${ways.length} ways`)
  })

  holds(`${kind}: two spellings of one thing are what they are outside of a root, in errors, too`, async () => {
    for (const [name, work] of Object.entries(works)) {
      const { root: plain } = layOut(dir)
      const expected = await ended(() => work(holdfast, one => join(plain, one)), plain)
      const left = withoutTimes(plain)
      const { root } = layOut(dir)
      using bound = within.sync(root)
      assert.equal(await ended(() => work(bound, one => one), root), expected, name)
      assert.is(withoutTimes(root), left, name)
    }
  })
}
