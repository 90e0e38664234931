// Whether anything that is mounted waits for another machine or another process. If nothing does, whatever is in a
// directory is on this machine too, although a file there may be the place of a mount.

/** Kept by the kernel of this machine alone, as /proc/self/mountinfo names them. */
const ownTypes: ReadonlySet<string> = new Set([
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'zfs', 'tmpfs', 'ramfs', 'hugetlbfs', 'overlay', 'rootfs'],
  ...['squashfs', 'erofs', 'iso9660', 'udf', 'vfat', 'exfat', 'ntfs3', 'hfsplus'],
  ...['proc', 'sysfs', 'cgroup', 'cgroup2', 'devtmpfs', 'devpts', 'mqueue', 'pstore', 'bpf', 'securityfs', 'efivarfs'],
  ...['debugfs', 'tracefs', 'configfs', 'fusectl', 'binfmt_misc', 'rpc_pipefs', 'nsfs', 'selinuxfs', 'resctrl'],
  // A directory where something is mounted as soon as it is used.
  'autofs',
])

/**
 * The last names of all places where something is mounted that waits. `mountinfo` is the text of that file; undefined if it,
 * or a line of it, is not whole.
 */
export function namesOfOthers(mountinfo: string): ReadonlySet<string> | undefined {
  const lines = mountinfo.split('\n')
  if (lines.pop() !== '' || lines.length === 0) return undefined
  const names = new Set<string>()
  for (const line of lines) {
    // Before the dash come the place and its options, in which spaces are written as \040; after it, the type.
    const [, place, type] = /^\S+ \S+ \S+ \S+ (\S+) .* - (\S+) /.exec(line) ?? []
    if (place === undefined || type === undefined) return undefined
    if (!ownTypes.has(type)) names.add(nameIn(place))
  }
  return names
}

function nameIn(place: string): string {
  const name = place.slice(place.lastIndexOf('/') + 1)
  const bytes = name.replaceAll(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
  return Buffer.from(bytes, 'latin1').toString()
}

/** Is everything that is mounted kept by this machine alone? */
export const areAllOwn = (mountinfo: string): boolean => namesOfOthers(mountinfo)?.size === 0
