// A full disk: the error comes out, every target is what it was, and nothing is left beside it.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copy, createExclusive, emplace, emptyDir, link, mkdirp, move, remove, writeFile } from 'holdfast'
import { assert, explored, holds, prove, scratch } from './support/kit.js'

explored('explore: a disk that is full at any call', () => {
  const make = (dir: string, name: string) => createExclusive.steps(join(dir, 'p', 'file'), name, { parents: true })
  const found = prove('2 createExclusive, the disk is full once', {
    players: dir => ({ A: make(dir, 'AA'), B: make(dir, 'BB') }),
    failures: 1,
    failWith: ['ENOSPC'],
    check: ({ dir, outcomes }) => {
      const all = Object.values(outcomes)
      for (const outcome of all)
        if (outcome.how === 'threw') assert.is((outcome.error as NodeJS.ErrnoException).code, 'ENOSPC')
      const file = join(dir, 'p', 'file')
      if (existsSync(file)) assert.match(readFileSync(file, 'utf8'), /^(AA|BB)$/)
      else assert.ok(all.every(({ how }) => how === 'threw'))
      const threw = all.some(({ how }) => how === 'threw')
      if (threw && existsSync(join(dir, 'p')))
        assert.ok(
          readdirSync(join(dir, 'p')).every(name => name === 'file'),
          'debris',
        )
    },
  })
  assert.ok(found.complete)
})

const disk = join(scratch(), 'disk')
mkdirSync(disk)
const mounted =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=64', 'tmpfs', disk]).status === 0

if (!mounted) holds.skip('a small disk that is filled', 'it takes root on Linux, and the right to mount')
else {
  // Before the scratch directory is removed.
  process.prependListener('exit', () => spawnSync('umount', [disk]))

  holds('no room for bytes: ENOSPC, in both forms, and not even a name is left', async () => {
    const at = (name: string) => join(disk, name)
    const big = Buffer.alloc(2 << 20)
    writeFileSync(at('old'), 'old')
    for (let i = 0; i < 5; i++) {
      await assert.rejects(createExclusive(at('new'), big), { code: 'ENOSPC' })
      assert.throws(() => createExclusive.sync(at('p/new'), big, { parents: true }), { code: 'ENOSPC' })
      // If the file is there, a full disk does not matter.
      assert.is(await createExclusive(at('old'), big), false)
    }
    const source = join(scratch(), 'source')
    writeFileSync(source, big)
    await assert.rejects(emplace(source, at('old')), { code: 'ENOSPC' })
    await assert.rejects(link(source, at('copy'), { fallback: 'copy' }), { code: 'ENOSPC' })
    assert.ok(existsSync(source))
    assert.is(readFileSync(at('old'), 'utf8'), 'old')
    assert.equal(readdirSync(disk).sort(), ['old', 'p'])
    assert.equal(readdirSync(at('p')), [])
    rmSync(at('p'), { recursive: true })
  })

  holds(
    'filled while writing, copying and moving: ENOSPC comes out, every target is old or new, nothing is beside',
    async () => {
      const at = (name: string) => join(disk, name)
      const away = scratch()
      const [size, many] = [200_000, Array.from({ length: 8 }, (_, number) => number)]
      const text = (name: string | number) => String(name).repeat(size).slice(0, size)
      mkdirSync(join(away, 'tree'))
      for (const number of many) writeFileSync(join(away, 'tree', `${number}`), text(number))
      /** Runs several at a time, which must not all fit; returns how many failed. */
      const together = async (acts: Promise<unknown>[]): Promise<number> => {
        const ends = await Promise.allSettled(acts)
        for (const end of ends) if (end.status === 'rejected') assert.is(end.reason.code, 'ENOSPC', String(end.reason))
        return ends.filter(({ status }) => status === 'rejected').length
      }
      const noDebris = () => {
        const names = readdirSync(disk, { recursive: true, encoding: 'utf8' })
        assert.not(
          names.some(name => /(^|\/)\./.test(name)),
          `debris: ${names}`,
        )
        return names
      }

      for (const number of many) writeFileSync(at(`file-${number}`), 'old')
      for (let round = 0; round < 5; round++) {
        const failed = await together(many.map(number => writeFile(at(`file-${number}`), text(number))))
        assert.ok(failed > 0 && failed < many.length)
        for (const number of many) assert.ok(['old', text(number)].includes(readFileSync(at(`file-${number}`), 'utf8')))
        assert.throws(
          () => writeFile.sync(at('file-0'), [text('x'), text('y'), text('z'), text('u'), text('v'), text('w')]),
          {
            code: 'ENOSPC',
          },
        )
        noDebris()
        for (const number of many) await writeFile(at(`file-${number}`), 'old')
      }

      assert.is(await together([copy(join(away, 'tree'), at('tree'))]), 1)
      for (const name of noDebris().filter(one => one.startsWith('tree/')))
        assert.is(readFileSync(at(name), 'utf8'), text(name.slice('tree/'.length)))
      assert.is(await remove(at('tree')), true)

      assert.is(await together([move(join(away, 'tree'), at('moved'))]), 1)
      assert.not(existsSync(at('moved')))
      for (const number of many) assert.is(readFileSync(join(away, 'tree', `${number}`), 'utf8'), text(number))
      const moves = many.map(number => move(join(away, 'tree', `${number}`), at(`file-${number}`), { overwrite: true }))
      assert.ok((await together(moves)) > 0)
      for (const number of many) {
        const here = readFileSync(at(`file-${number}`), 'utf8')
        if (existsSync(join(away, 'tree', `${number}`))) assert.is(here, 'old')
        else assert.is(here, text(number))
      }
      noDebris()

      // On a disk that is full to the last byte, things can be removed.
      await mkdirp(at('d/e'))
      for (let fill = 1 << 20; fill >= 1; fill >>= 1) {
        try {
          writeFileSync(at(`d/e/${fill}`), Buffer.alloc(fill))
        } catch {}
      }
      await emptyDir(disk)
      assert.equal(readdirSync(disk), [])
      writeFileSync(at('old'), 'old')
    },
  )

  holds('no room for names: ENOSPC, and what is there is there', async () => {
    let made = 0
    const error = await assert.rejects(
      (async () => {
        for (; made < 1000; made++) await mkdirp(join(disk, 'd', String(made)))
      })(),
      { code: 'ENOSPC' },
    )
    assert.ok(made > 10 && (error as NodeJS.ErrnoException).syscall === 'mkdir')
    assert.is(await mkdirp(join(disk, 'd', '0')), undefined)
    await assert.rejects(createExclusive(join(disk, 'new'), ''), { code: 'ENOSPC' })
    // A rename needs no space.
    assert.is(await emplace(join(disk, 'old'), join(disk, 'moved')), true)
    assert.equal(readdirSync(disk).sort(), ['d', 'moved'])
  })
}
