// What calls about the disk take and return besides numbers and bytes: paths, the flags of an open, entries of a directory.

/**
 * How a file is opened: Node's flag strings, except the append and sync forms; and some for a
 * file that may be replaced by anything meanwhile. `r nonblock` does not wait for the writer of a pipe, and `r nofollow`
 * does not follow a link either, where the system can open so. `r directory` opens a directory only to look up names in
 * it, which takes no right to read it; a link is not followed. `rewrite` opens what is there to be written, and neither
 * makes nor empties anything. `rewrite nofollow`, `w nofollow` and `w+ nofollow` neither follow a link nor wait for the
 * reader of a pipe. `a+ nofollow` is the same for a file that is read, and written only at its end; it may make the file.
 */
export type OpenFlags =
  | 'r'
  | 'r nonblock'
  | 'r nofollow'
  | 'r directory'
  | 'r+'
  | 'rewrite'
  | 'rewrite nofollow'
  | 'w'
  | 'w nofollow'
  | 'w+'
  | 'w+ nofollow'
  | 'wx'
  | 'wx+'
  | 'a+ nofollow'

/** A path on the disk: a string, or bytes where it is not valid text. */
export type Path = string | Buffer

/** One entry of a directory. */
export interface Entry {
  readonly name: Path
  readonly kind: 'file' | 'directory' | 'link' | 'other'
}
