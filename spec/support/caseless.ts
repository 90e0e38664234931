// Filesystems on which case does not count, as far as they can be mounted here.

import { spawnSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch } from './kit.js'
import { run, startWarden, unmountBelow } from './mounts.js'

/** How each is made from an image, and mounted from a device. */
const kinds = {
  'ext4 with casefold': {
    make: (image: string) => run('mkfs.ext4', '-q', '-O', 'casefold', image),
    mount: (device: string, point: string) => run('mount', device, point),
    open: (point: string) => {
      mkdirSync(join(point, 'folded'))
      run('chattr', '+F', join(point, 'folded'))
      return join(point, 'folded')
    },
  },
  vfat: {
    make: (image: string) => run('mkfs.vfat', image),
    mount: (device: string, point: string) => run('mount', '-t', 'vfat', device, point),
    open: (point: string) => point,
  },
  exFAT: {
    make: (image: string) => run('mkfs.exfat', image),
    mount: (device: string, point: string) => run('mount.exfat-fuse', device, point),
    open: (point: string) => point,
  },
  // It has links, and shows all names in lower case.
  NTFS: {
    make: (image: string) => run('mkntfs', '--quick', '--quiet', '--force', image),
    mount: (device: string, point: string) => run('lowntfs-3g', '-o', 'ignore_case', device, point),
    open: (point: string) => point,
  },
}
export type Caseless = keyof typeof kinds
export const caselessKinds = Object.keys(kinds) as readonly Caseless[]
/** Those that keep the spelling of names. */
export const spellingKinds: readonly Caseless[] = caselessKinds.filter(kind => kind !== 'NTFS')

/** Mounts one; returns a directory on it, or why that was not possible. */
export function mountCaseless(
  kind: Caseless,
  mib = 64,
): { readonly dir: string; unmount(): void } | { readonly why: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return { why: 'it takes Linux, and root' }
  const room = scratch()
  const [image, point] = [join(room, 'image'), join(room, 'mounted')]
  writeFileSync(image, '')
  truncateSync(image, mib * 2 ** 20)
  mkdirSync(point)
  const { make, mount, open } = kinds[kind]
  const warden = startWarden([point])
  let device = ''
  const unmount = () => {
    unmountBelow(room)
    warden.dismiss()
  }
  try {
    make(image)
    device = attach(image)
    mount(device, point)
    // While it is in use, this only marks it: it goes with the mount, however this process ends.
    run('losetup', '--detach', device)
    device = ''
    return { dir: open(point), unmount }
  } catch (error) {
    unmount()
    if (device) run('losetup', '--detach', device)
    return { why: (error as Error).message }
  }
}

function attach(image: string): string {
  const { stdout, status } = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' })
  if (status !== 0) throw new Error('losetup failed')
  return stdout.trim()
}
