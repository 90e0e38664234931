/// <reference lib="esnext.disposable" preserve="true" />

import { dual } from './core/dual.js'
import { asFlag, asNumber, asPath, type Patience } from './core/input.js'
import type { Steps } from './core/steps.js'
import { Bound } from './within/bind.js'
import { cellFunctions } from './within/cells.js'
import { pathFunctions } from './within/functions.js'
import { lockFunctions } from './within/locks.js'
import { closeRoot, openRoot, type Root } from './within/root.js'

export type { ReadFile, ReadFileOptions } from './within/read.js'

export interface WithinOptions extends Patience {
  /**
   * How many bytes one call may write or copy, with the holes of files; or read, of one file. @default Infinity
   */
  readonly maxBytes?: number | undefined
  /**
   * How many things one call of `copy`, `move` or `writeFiles` may make, and of `remove`, `emptyDir` or `sweep` remove.
   * @default Infinity
   */
  readonly maxEntries?: number | undefined
  /** How many names a path may have, and how deep below the root a tree that is copied or removed may be. @default Infinity */
  readonly maxDepth?: number | undefined
  /** Also what is mounted below the root: filesystems, and directories and files from elsewhere. @default false */
  readonly mounts?: boolean | undefined
}

type Functions = ReturnType<typeof pathFunctions> & ReturnType<typeof lockFunctions> & ReturnType<typeof cellFunctions>

/** The path functions, bound to a directory: they take and return paths that are relative to that. */
export interface Within extends Functions, AsyncDisposable, Disposable {
  /**
   * `kernel`: every name is looked up in an open directory, so no swap on the way leads out. `best-effort`: directories
   * are compared before and after each call, and a swap in between, and back again, goes unnoticed.
   */
  readonly containment: 'kernel' | 'best-effort'
  /** Refuses further calls. The directory is closed when the calls that are under way and the locks that are held have ended. */
  close(): void
}

/**
 * Binds the path functions to a directory, the root, for paths that others have a say in.
 *
 * Holds afterwards: until `close`, every function of the object works on the directory that had the path when this call
 * was made, even if that is moved, and on what is below it; what each of them promises, it promises here. No path leads
 * out: one that is absolute or has `..` in it is refused, and so is one that comes to a link that leads out, or to what
 * is mounted below. Links that stay inside are followed by their text, by `copy` with `dereference`, too; an absolute
 * text must begin with the root's real path. On Linux this holds beside processes that swap names for links at any
 * moment, because each name is looked up in a directory that is open, and no link is followed by the system
 * (`containment` is `'kernel'`); and no such process, and no atomic writer or remover, makes a call be refused for
 * that. A limit that is exceeded is an error; a file that exceeds `maxBytes` is not published. Callbacks and errors get
 * relative paths. A producer of `getOrCreate` gets a private path for the functions of the object. A call has at most
 * six files open, besides the root; one that works on many files at a time, at most three for each. Of those, the two
 * directories that were used last stay open until the root is closed (with `mounts`, none), and that of a lock until it
 * is released, which opens no other.
 *
 * Not promised: that a directory which another process moves out of the root while a call works in it is left at once:
 * the call ends its work there. That a file has no hard link elsewhere: what it holds is shared with that. Names of
 * devices inside. Elsewhere than on Linux, and where /proc is missing or Node's permission model refuses its paths
 * (`'best-effort'`), directories are compared instead of held: a process that swaps one for a link and back in between
 * leads a call out, and of mounts only those of other devices are seen. What is changed by other programs below the
 * root counts in no limit. A tree that exceeds `maxEntries` or `maxDepth` is copied or deleted up to there; of a directory
 * that `remove` could not remove, what is left is put back.
 *
 * @param root The directory: a path, or a `file:` URL. A link to it is followed, once.
 * @returns The functions `mkdirp`, `writeFile`, `writeFiles`, `createExclusive`, `updateFile`, `getOrCreate`, `emplace`,
 *   `copy`, `move`, `link`, `symlink` (whose text must not lead out), `remove`, `emptyDir`, `sweep`, `probe`, `lock`,
 *   `withLock`, `single`, those of `cell`, and `readFile`, `list`, `lstat`, each with `sync` and `steps`; `containment`; and `close`,
 *   which `using` and `await using` call, too.
 * @throws ENOENT, ENOTDIR, EACCES: the root (EACCES also of a link to it that another user has put into a sticky directory
 *   that others may write). Its functions throw what they throw elsewhere, and `ERR_OUTSIDE_ROOT` (`path` is the
 *   caller's, or the link that leads out), `ERR_LIMIT` (`limit` is the option's name), `ERR_ROOT_CLOSED`; ELOOP: more than
 *   40 links; EAGAIN, with `'best-effort'`: a directory on the way was swapped.
 *
 * @example
 * await using uploads = await within('/srv/uploads', { maxBytes: 10 * 2 ** 20 })
 * await uploads.writeFile(`${user}/${name}`, request.body, { parents: true })
 *
 * Source of the protocol: `os.Root` of Go, and openat(2) as /proc/self/fd offers it.
 */
export const within = dual(
  function* within(root: string | URL, options: WithinOptions = {}): Steps<Within> {
    const most = (name: 'maxBytes' | 'maxEntries' | 'maxDepth') =>
      asNumber(options[name], `options.${name}`, Number.POSITIVE_INFINITY)
    const limits = { maxBytes: most('maxBytes'), maxEntries: most('maxEntries'), maxDepth: most('maxDepth') }
    const path = asPath(root, 'root')
    return bindTo(yield* openRoot(path, asFlag(options.mounts, 'options.mounts'), limits))
  },
  {
    // biome-ignore lint/correctness/useYield: to close takes no call that can wait
    *giveBack(bound) {
      bound.close()
    },
  },
)

function bindTo(root: Root): Within {
  const bound = new Bound(root)
  const close = () => {
    dropped?.unregister(root)
    closeRoot(root)
  }
  dropped ??= new FinalizationRegistry(closeRoot)
  // Each of the functions keeps it, and so does each lease.
  dropped.register(bound, root, root)
  return {
    ...pathFunctions(bound),
    ...lockFunctions(bound),
    ...cellFunctions(bound),
    containment: root.dir.fd === undefined ? 'best-effort' : 'kernel',
    close,
    [Symbol.dispose]: close,
    [Symbol.asyncDispose]: async () => close(),
  }
}

/** Roots whose functions are all garbage-collected are closed. Made by the first one: nothing happens at import. */
let dropped: FinalizationRegistry<Root> | undefined
