// Two types of Node's that algorithms need. They stand alone, so that the alphabet does not depend on the door.

import type * as nodeFs from 'node:fs'

/** What `stat` returns. Its numbers are bigints, because on Windows `ino` does not fit a number. */
export type Stats = nodeFs.BigIntStats

/** An entry of a directory whose names were read as bytes. */
export type Dirent = nodeFs.Dirent<Buffer>
