import type * as nodeFs from 'node:fs'

/** What `stat` returns: always in bigints, because on Windows `ino` does not fit a number. */
export type Stats = nodeFs.BigIntStats

/** An entry of a directory that is read in bytes. */
export type Dirent = nodeFs.Dirent<Buffer>
