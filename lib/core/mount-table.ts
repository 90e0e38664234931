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

/** `mountinfo` is the text of that file. A line that is not whole counts as a mount that waits. */
export function areAllOwn(mountinfo: string): boolean {
  const lines = mountinfo.split('\n')
  if (lines.pop() !== '') return false
  // Before the dash come the place and its options, in which spaces are written as \040; after it, the type.
  return lines.length > 0 && lines.every(line => ownTypes.has(/ - (\S+) /.exec(line)?.[1] ?? ''))
}
