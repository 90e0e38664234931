/** What the calls of a world go by: its directory, and the numbers by which the explorer knows inodes. */
export interface Ground {
  readonly root: string
  /** There are symbolic links, so that one directory may have several paths. */
  linked: boolean
  /** A listing may show the names as they were when the directory was opened. */
  omits: boolean
  /** What has that name; and if it is a link, also what the link leads to. */
  inodesAt(path: string): string[]
  inodeOf(fd: number): string | undefined
}
