// `remove` with a filter: what stays, and in which order it is asked.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { remove } from 'holdfast'
import { assert, holds, scratch } from '../support/kit.js'

function layOut(): string {
  const tree = join(scratch(), 'tree')
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  mkdirSync(join(tree, 'c'))
  for (const name of ['f', 'a/g', 'a/b/h', 'c/i']) writeFileSync(join(tree, name), '')
  return tree
}

for (const form of ['promise', 'sync'] as const) {
  const call = (tree: string, filter: (path: string, kind: string) => boolean) =>
    form === 'sync' ? remove.sync(tree, { filter }) : remove(tree, { filter: async (...args) => filter(...args) })

  holds(
    `${form}: what the filter keeps stays, and so do the directories above it, which it is not asked about`,
    async () => {
      const tree = layOut()
      const asked: string[] = []
      const filter = (path: string, kind: string) => {
        asked.push(`${relative(tree, path)} ${kind}`)
        return !path.endsWith('h')
      }
      assert.is(await call(tree, filter), false)
      assert.equal((readdirSync(tree, { recursive: true }) as string[]).sort(), ['a', 'a/b', 'a/b/h'])
      assert.equal(asked.sort(), ['a/b/h file', 'a/g file', 'c directory', 'c/i file', 'f file'])
    },
  )

  holds(`${form}: all goes if all may, and the next call finds nothing`, async () => {
    const tree = layOut()
    assert.is(await call(tree, () => true), true)
    assert.is(await call(tree, () => true), false)
  })

  holds(`${form}: an error of the filter ends the call, also one like the system's`, async () => {
    const tree = layOut()
    const mine = Object.assign(new Error('mine'), { code: 'EAGAIN', errno: -11, syscall: 'mine' })
    let thrown: unknown
    try {
      await call(tree, () => {
        throw mine
      })
    } catch (error) {
      thrown = error
    }
    assert.is(thrown, mine)
  })
}
