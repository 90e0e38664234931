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

/** The server has the clock, and says what it says. */
const servedKinds = Object.values({ nfs: 0x6969, smb: 0x517b, cifs: 0xff534d42, smb2: 0xfe534d42 })

const clockedKinds: ReadonlySet<number> = new Set([...inlineKinds, ...servedKinds])

/**
 * Is that one clock for all that use the filesystem, by which each name shows when it was changed? Not so where a server
 * in user space has times of its own (sshfs), or where the kernel keeps none for changes (FAT).
 */
export const isClocked = (kind: number | undefined): boolean =>
  process.platform === 'linux' && clockedKinds.has(kind ?? 0)

const localKinds: ReadonlySet<number> = new Set([...inlineKinds, ...foreignKinds])

export const isInlineKind = (kind: number | undefined): boolean => inlineKinds.has(kind ?? 0)

/**
 * Is `path` on a filesystem where no reply is ever lost? Outside Linux the numbers mean other things, and only the path
 * of a network share of Windows shows that it is one.
 */
export const isLocal = (path: string, kind: number | undefined): boolean =>
  process.platform === 'linux' ? localKinds.has(kind ?? 0) : !/^[\\/]{2}[^?.]/.test(path)
