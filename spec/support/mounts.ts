// Mounts filesystems for the races, for as long as the run lasts.

import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'

export interface Place {
  readonly kind: string
  readonly dir: string
}

export interface Mounts {
  readonly places: readonly Place[]
  readonly missing: readonly { readonly kind: string; readonly why: string }[]
  /** Unmounts and removes everything that was made. May be called again. */
  unmount(): void
}

// The image is sparse. xfs needs at least 300 MiB; about 10,000 small files fit.
const imageBytes = 512 * 2 ** 20

export function run(command: string, ...args: string[]): void {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (error && 'code' in error && error.code === 'ENOENT') throw new Error(`${command} is not installed`)
  if (error) throw error
  if (status !== 0) throw new Error(stderr.trim().split('\n')[0] || `${command} failed`)
}

export function mountImage(kind: string, point: string): void {
  const image = `${point}.image`
  try {
    writeFileSync(image, '')
    truncateSync(image, imageBytes)
    run(`mkfs.${kind}`, '-q', image)
    run('mount', '-t', kind, '-o', 'loop', image, point)
  } finally {
    // The mount keeps the image open, so its space is freed when the mount goes, however that happens.
    rmSync(image, { force: true })
  }
}

/** The layers are on a tmpfs of their own, because an overlay cannot be the upper layer of another one. */
function mountOverlay(point: string, layers: string): void {
  run('mount', '-t', 'tmpfs', 'tmpfs', layers)
  for (const name of ['lower', 'upper', 'work']) mkdirSync(join(layers, name))
  const options = `lowerdir=${layers}/lower,upperdir=${layers}/upper,workdir=${layers}/work`
  run('mount', '-t', 'overlay', '-o', options, 'overlay', point)
}

/** The mount points below the directory, in the order of mounting. */
export function mountsBelow(dir: string): string[] {
  if (process.platform !== 'linux') return []
  const top = `${realpathSync(dir)}/`
  const unescaped = (path: string) =>
    path.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number(`0o${octal}`)))
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => unescaped(line.split(' ')[4] ?? ''))
    .filter(point => point.startsWith(top))
}

/** Unmounts everything below the directory, even while a process that was just killed still uses it. */
export function unmountBelow(dir: string): void {
  for (const point of mountsBelow(dir).reverse())
    if (spawnSync('umount', [point]).status !== 0) spawnSync('umount', ['-l', point])
}

/** Unmounts when this process ends without having done so: after a SIGKILL no other process would. */
export function startWarden(points: readonly string[]): { dismiss(): void } {
  // Nothing is written to the pipe: reading ends when this process does. Unmounts twice, because a mount may be under
  // way.
  const script = 'read -r _; umount -l "$@"; sleep 1; umount -l "$@"'
  const warden = spawn('sh', ['-c', script, 'sh', ...points], {
    cwd: '/',
    // Ctrl-C must not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  warden.unref()
  const pipe = warden.stdin as Socket
  pipe.unref()
  return { dismiss: () => warden.kill('SIGKILL') }
}

const kinds = ['xfs', 'btrfs', 'overlayfs']

/** Mounts each kind below the directory, or reports why that was not possible. */
export function mountAll(dir: string): Mounts {
  const hindrance = process.platform !== 'linux' ? 'it takes Linux' : process.getuid?.() !== 0 ? 'it takes root' : ''
  if (hindrance) return { places: [], missing: kinds.map(kind => ({ kind, why: hindrance })), unmount() {} }

  const room = realpathSync(mkdtempSync(join(dir, 'holdfast-mounts-')))
  const layers = join(room, 'layers')
  const points = [...kinds.map(kind => join(room, kind)), layers]
  for (const point of points) mkdirSync(point)
  const warden = startWarden(points)
  const places: Place[] = []
  const missing: { kind: string; why: string }[] = []
  for (const kind of kinds) {
    const point = join(room, kind)
    try {
      if (kind === 'overlayfs') mountOverlay(point, layers)
      else mountImage(kind, point)
      places.push({ kind, dir: point })
    } catch (error) {
      missing.push({ kind, why: (error as Error).message })
    }
  }

  function unmount(): void {
    if (!existsSync(room)) return
    unmountBelow(room)
    warden.dismiss()
    // Never recursively: that would delete what is still mounted.
    for (const made of [...points, room]) rmdirSync(made)
  }
  return { places, missing, unmount }
}
