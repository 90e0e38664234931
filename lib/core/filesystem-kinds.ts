// Which filesystems the kernel of this machine keeps itself, by the numbers that Linux gives them (`f_type` of statfs).

/** Their calls wait for no other machine and no other process, so the event loop may wait for them. */
const inlineKinds: ReadonlySet<number> = new Set(
  Object.values({
    ext2ToExt4: 0xef53,
    xfs: 0x58465342,
    btrfs: 0x9123683e,
    tmpfs: 0x01021994,
    overlayfs: 0x794c7630,
    f2fs: 0xf2f52010,
    zfs: 0x2fc12fc1,
  }),
)

/** Made for other systems. The kernel keeps them itself too, but their calls are left to the pool. */
const foreignKinds = Object.values({
  fat: 0x4d44,
  exfat: 0x2011bab0,
  ntfs3: 0x7366746e,
  ntfs: 0x5346544e,
  hfsPlus: 0x482b,
})

const localKinds: ReadonlySet<number> = new Set([...inlineKinds, ...foreignKinds])

/** All their files are in memory, unless that is short. */
const memoryKinds: ReadonlySet<number> = new Set([0x01021994])

export const isMemoryKind = (kind: number | undefined): boolean => memoryKinds.has(kind ?? 0)

export const isInlineKind = (kind: number | undefined): boolean => inlineKinds.has(kind ?? 0)

/**
 * Is `path` on a filesystem where no reply is ever lost? Outside Linux the numbers mean other things, and only the path
 * of a network share of Windows shows that it is one.
 */
export const isLocal = (path: string, kind: number | undefined): boolean =>
  process.platform === 'linux' ? localKinds.has(kind ?? 0) : !/^[\\/]{2}[^?.]/.test(path)
