// Whether a filesystem is local: asked through the door in both forms, and as other systems show it.

import { join } from 'node:path'
import { door, drive, fs } from 'holdfast/steps'
import { type Asking, findLocal } from '../../lib/core/find-local.js'
import { assert, everyPlace, holds, scratch } from '../support/kit.js'

const bothForms = async (path: string): Promise<readonly boolean[]> => [
  door.performSync({ op: 'local', args: [path] }) as boolean,
  await drive(fs.local(path)),
]

const isLinux = process.platform === 'linux'
if (!isLinux) holds.skip('the filesystems of Linux', 'this is another system')
else
  holds('the door says so of the disks and the memory of this machine, and of nothing else', async () => {
    for (const { kind, dir } of everyPlace) assert.equal(await bothForms(scratch(dir)), [true, true], kind)
    for (const other of ['/proc', '/sys', join(scratch(), 'missing')])
      assert.equal(await bothForms(other), [false, false], other)
  })

const refused = Object.assign(new Error('EACCES'), { code: 'EACCES' })

/** What a system replies: the kind of the filesystem, its device, and the real path. What it does not is an error. */
function asking(replies: { type?: number; devs?: Record<string, number>; real?: string }): Asking {
  const { type, devs = {}, real } = replies
  return {
    statfs: (_, found) => (type === undefined ? found(refused) : found(null, { type })),
    stat(path, found) {
      const dev = devs[path]
      if (dev === undefined) found(refused)
      else found(null, { dev })
    },
    realpath: (_, found) => (real === undefined ? found(refused) : found(null, real)),
  }
}

function isLocal(platform: string, replies: Parameters<typeof asking>[0]): boolean | undefined {
  let local: boolean | undefined
  const keep = (found: boolean): void => {
    local = found
  }
  findLocal('there', asking(replies), keep, platform)
  return local
}

holds('on Linux and Android the kind of filesystem shows it', () => {
  const kinds: [number, boolean][] = [
    [0xef53, true],
    [0x01021994, true],
    [0xca451a4e, true],
    // NFS, SMB, FUSE, 9p
    [0x6969, false],
    [0xfe534d42, false],
    [0x65735546, false],
    [0x01021997, false],
  ]
  for (const platform of ['linux', 'android']) {
    for (const [type, local] of kinds) assert.is(isLocal(platform, { type }), local, type.toString(16))
    assert.is(isLocal(platform, {}), false)
  }
})

holds('on macOS a disk has the driver of the one that the system is on, and a network filesystem has another', () => {
  const root = 0x0100_0010
  assert.is(isLocal('darwin', { devs: { '/': root, there: root } }), true)
  assert.is(isLocal('darwin', { devs: { '/': root, there: 0x0100_0012 } }), true)
  assert.is(isLocal('darwin', { devs: { '/': root, there: 0x2f00_0010 } }), false)
  assert.is(isLocal('darwin', { devs: { '/': root, there: -0x1100_0000 } }), false)
  assert.is(isLocal('darwin', { devs: { there: root } }), false)
  assert.is(isLocal('darwin', { devs: { '/': root } }), false)
  // Its numbers of kinds are others.
  assert.is(isLocal('darwin', { type: 0xef53, devs: { '/': root, there: 0x2f00_0010 } }), false)
})

holds('on Windows the real path shows a share, also that of a drive which stands for one', () => {
  const paths: [string, boolean][] = [
    ['C:\\users\\me', true],
    ['\\\\?\\C:\\users\\me', true],
    ['\\\\.\\C:\\users\\me', true],
    ['\\\\?\\Volume{0123}\\me', true],
    ['\\\\server\\share\\me', false],
    ['//server/share/me', false],
    ['\\\\?\\UNC\\server\\share\\me', false],
    ['\\\\?\\unc\\server\\share\\me', false],
  ]
  for (const [real, local] of paths) assert.is(isLocal('win32', { real }), local, real)
  assert.is(isLocal('win32', {}), false)
})

holds('elsewhere nothing shows it, so it counts as not local', () => {
  for (const platform of ['freebsd', 'openbsd', 'sunos', 'aix'])
    assert.is(isLocal(platform, { type: 0xef53, devs: { '/': 1, there: 1 }, real: '/there' }), false)
})
