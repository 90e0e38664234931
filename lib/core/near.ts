// Descriptors of files on this machine's own disks. To close one, or to look at it, takes a microsecond or two, and to ask
// a thread for that takes twenty: so the promise form does both on the spot. Elsewhere (NFS, FUSE) a close may wait for
// another machine, and is left to the threads.

/** ext2 to ext4, xfs, btrfs, tmpfs, overlayfs, f2fs, zfs, by the numbers that Linux has for them. */
const kinds: ReadonlySet<number> = new Set([
  ...[0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1],
])

/** By device: is it one of those? Undefined until the system has told. */
const local = new Map<number, boolean>()
const near = new Set<number>()

/** A descriptor was opened. `kindOf` asks for the kind of its filesystem, which is done once a device. */
export function opened(fd: number, dev: number, kindOf: (tell: (kind: number | undefined) => void) => void): void {
  const known = local.get(dev)
  if (known) near.add(fd)
  if (known !== undefined) return
  local.set(dev, false)
  kindOf(kind => local.set(dev, kind !== undefined && kinds.has(kind)))
}

export const isNear = (fd: unknown): boolean => near.has(fd as number)

/** Its number may be another's by now. */
export const closed = (fd: unknown): boolean => near.delete(fd as number)
