// The filesystems for the races are of the kind that they are called, and go when the run ends.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert, everyPlace, holds, kindOf, note, scratch } from './kit.js'
import { mountAll, mountsBelow } from './mounts.js'

for (const { kind, dir: place } of everyPlace) {
  holds(`${kind} is what it is said to be, and takes a file, a hard link and a rename`, () => {
    assert.is(kindOf(place), kind)
    const dir = scratch(place)
    const [file, name, moved] = ['file', 'name', 'moved'].map(part => join(dir, part)) as [string, string, string]
    writeFileSync(file, 'whole')
    linkSync(file, name)
    assert.is(statSync(name).ino, statSync(file).ino)
    assert.is(statSync(file).nlink, 2)
    renameSync(name, moved)
    assert.equal(readdirSync(dir).sort(), ['file', 'moved'])
    assert.is(readFileSync(moved, 'utf8'), 'whole')
  })
}

if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  holds.skip('nothing stays mounted', 'it takes root on Linux')
  holds.skip('nothing stays mounted after a SIGKILL', 'it takes root on Linux')
} else {
  holds('nothing stays mounted', () => {
    const dir = scratch()
    const begun = performance.now()
    const { places, missing, unmount } = mountAll(dir)
    try {
      note(`${places.length} mounted in ${Math.round(performance.now() - begun)} ms`)
      assert.equal([...places, ...missing].map(({ kind }) => kind).sort(), ['btrfs', 'overlayfs', 'xfs'])
      for (const { kind, dir: place } of places) assert.is(kindOf(place), kind)
      for (const { dir: place } of places) assert.ok(mountsBelow(dir).includes(place))
    } finally {
      unmount()
    }
    unmount()
    assert.equal(mountsBelow(dir), [])
    assert.equal(readdirSync(dir), [])
  })

  holds('nothing stays mounted after a SIGKILL', async () => {
    const dir = scratch()
    const kit = new URL('mounts.js', import.meta.url)
    // It waits until its input ends, so it does not outlive this process.
    const text = `import { mountAll } from '${kit}'
      console.log(mountAll(process.argv[1]).places.length)
      process.stdin.resume()`
    const args = ['--input-type=module', '-e', text, dir]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const [said] = await once(child.stdout, 'data')
    assert.ok(mountsBelow(dir).length >= Number(said))
    child.kill('SIGKILL')
    while (mountsBelow(dir).length > 0) await sleep(10)
  })
}
