/** What the footprints of a world's calls go by: its directory, and the numbers by which the explorer knows inodes. */
export interface Ground {
  readonly root: string
  /** There are symbolic links, so that one directory may have several paths. */
  linked: boolean
  /** A listing may leave out what came after the directory was opened, so the moment of opening makes a difference. */
  omits: boolean
  /** Files show when they were changed. */
  readonly timed: boolean
  /** The inode that has this name; and if that is a link, also the inode that it leads to. Empty if nothing is there. */
  inodesAt(path: string): string[]
  inodeOf(fd: number): string
  /** A player has opened a directory, so names in it can be used by its descriptor. */
  held: boolean
  /** The directory that a path of the form `/proc/self/fd/7/name` is looked up in; undefined for other paths. */
  directoryOf(path: string): HeldDirectory | undefined
}

/** A directory that is open. */
export interface HeldDirectory {
  readonly inode: string
  /** Where it is now, from the root of the world; undefined if it was removed. */
  readonly place: string | undefined
  /** What is to be looked up in it. */
  readonly rest: string
}
