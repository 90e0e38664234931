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

/** Rare, or made for other systems. The kernel keeps them itself too, but their calls are left to the pool. */
const otherKinds = Object.values({
  fat: 0x4d44,
  exfat: 0x2011bab0,
  ntfs3: 0x7366746e,
  ntfs: 0x5346544e,
  hfsPlus: 0x482b,
  bcachefs: 0xca451a4e,
  jfs: 0x3153464a,
  nilfs2: 0x3434,
  ramfs: 0x858458f6,
  reiserfs: 0x52654973,
})

/** The server has the clock, and says what it says. */
const servedKinds = Object.values({ nfs: 0x6969, smb: 0x517b, cifs: 0xff534d42, smb2: 0xfe534d42 })

const clockedKinds: ReadonlySet<number> = new Set([...inlineKinds, ...servedKinds])

/**
 * Is that one clock for all that use the filesystem, by which each name shows when it was changed? Not so where a server
 * in user space has times of its own (sshfs), or where the kernel keeps none for changes (FAT). `keeper`: only the clock of
 * this machine's kernel counts.
 */
export const isClocked = (kind: number | undefined, keeper?: 'kernel'): boolean =>
  process.platform === 'linux' && (keeper ? inlineKinds : clockedKinds).has(kind ?? 0)

const localKinds: ReadonlySet<number> = new Set([...inlineKinds, ...otherKinds])

/** All their files are in memory, unless that is short. */
const memoryKinds: ReadonlySet<number> = new Set([0x01021994])

export const isMemoryKind = (kind: number | undefined): boolean => memoryKinds.has(kind ?? 0)

/** A file of a lower layer is copied as a whole when it is changed, or gets another name. */
const layeredKinds: ReadonlySet<number> = new Set([0x794c7630])

export const isLayeredKind = (kind: number | undefined): boolean => layeredKinds.has(kind ?? 0)

export const isInlineKind = (kind: number | undefined): boolean => inlineKinds.has(kind ?? 0)

export const isLocalKind = (kind: number): boolean => localKinds.has(kind)
