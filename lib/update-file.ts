import { dual } from './core/dual.js'
import { publishing } from './core/publication.js'
import type { Steps } from './core/steps.js'
import { lockTurn } from './lock/options.js'
import type { UpdateFile } from './update-file/forms.js'
import type { UpdateFileOptions } from './update-file/options.js'
import { asUpdate, type Change, type Files, sayWhoInQueue, update } from './update-file/update.js'

/**
 * Changes a file, or several: reads it, passes its content to `change`, and writes what that returns, while a lock
 * excludes all other callers of this function.
 *
 * Holds afterwards: the file holds, as a whole, what `change` returned for exactly the content that the file had: of
 * many callers, in threads, processes and containers, none undoes what another did. Readers need no lock, and see all
 * of the old content or all of the new. If `change` returns undefined, the file is not touched. If `change` fails, or
 * the content cannot be read without loss, that error comes out, and the file is as it was. A process that is killed
 * has changed the file or has not, and the lock passes to the next caller. JSON keeps its indentation (one line stays
 * one line; a new file gets 2 spaces), its line ends and its byte order mark; a text of another format keeps that mark,
 * and is what `stringify` makes of it.
 *
 * Of several files, all locks are held before the first is read, in an order that is the same for all callers, whatever
 * they call the files: so callers do not wait for each other in a circle. `change` gets and returns a list; a file whose
 * new content is undefined is not touched. The files are written one after the other, in the order of the list, and only
 * after the contents of all of them have been found to be writable ones.
 *
 * Where no lock can be made, because the directory or the filesystem is read-only (EROFS, EACCES, EPERM), `change` is called
 * without it: if it returns undefined, the call has succeeded, and otherwise the error of the lock comes out.
 *
 * Not promised: what `lock` does not promise about holders that are taken for dead. Programs that write the file
 * without this function, and without `lock(file)`, are not excluded. `change` cannot take the lock again, with this
 * function or with `lock`: it is refused. Links to one file share its lock; hard links are separate files,
 * as for `writeFile`. A file that is mounted, as containers mount single files, has another lock at each place, unless
 * `lockPath` is one that all callers see. A call that is stopped after `change` has returned may have changed the file. Numbers that
 * JavaScript cannot hold, and names that an object has twice, do not survive JSON. That several files change at one moment:
 * each has its old or its new content, readers may see the new one of the first beside the old one of the second, and so
 * does the next caller after one that was killed, stopped or failed between two writes. That processes which see the
 * files of one call under different real paths (containers, with several mounts) take their locks in one order: give
 * such calls a `timeout`.
 *
 * @param files A path, or a `file:` URL; or an array of them, no file twice. Links are followed. The lock is a directory,
 *   `<file>.lock`, which stays beside the file, unless `lockPath` or `lockDir` say otherwise, as for `lock`.
 * @param change Gets the content of the file, or undefined if there is no file, and a `signal`. Returns the new content,
 *   or undefined to leave the file as it is; or, but not in the sync form, a promise for that. Of an array of files, it
 *   gets an array, and returns one of the same length, or undefined. It is called once, or never.
 * @param options `timeout` and `signal` also end the waiting for the lock and for `change`, which is left behind then: its
 *   `signal` is aborted, and what it returns later is ignored.
 * @returns The content of the file now: what `change` returned, or what it was given; undefined if there is no file. Of
 *   an array of files, an array of those.
 * @throws The error that `change` or `stringify` threw, unchanged, also if the call is stopped while it cleans up; what
 *   `onWait` throws. `ERR_INVALID_JSON` (`position` from 0, `line` and
 *   `column` from 1): also of an empty file. `ERR_INVALID_CONTENT`: `parse` threw (`cause`), and `path` is the file.
 *   `ERR_ENCODING_INVALID_ENCODED_DATA`: the bytes are not valid in the encoding. `ERR_INVALID_RETURN_VALUE`: `change` or
 *   `stringify` returned something that no file can hold, or `parse` a promise. `ERR_LOCK_HELD`: `timeout` has passed, and
 *   `holder` has the lock; or the call would wait for itself (see `lock`). `ERR_LEASE_LOST`: another process has taken over
 *   the lock, before the file was written or while it was. EACCES: another user has put the file, or a link, into a sticky
 *   directory that others may write. What `lock` and `writeFile` throw.
 *   `published` of each error says whether the file was written (see `Published`); of several files, whether one was.
 *
 * @example
 * await updateFile('config.json', (old: object = {}) => ({ ...old, theme: 'dark' }), { json: true })
 * const count = updateFile.sync('count', old => String(Number(old ?? 0) + 1))
 * await updateFile('app.yaml', (old = {}) => ({ ...old, port: 80 }), { parse: YAML.parse, stringify: YAML.stringify })
 * await updateFile<[Account, Account]>(['a.json', 'b.json'], ([a, b]) => transfer(a, b, 5), { json: true })
 *
 * Source of the protocol: `Transform` of Go's `cmd/go/internal/lockedfile`.
 */
export const updateFile = dual(
  // It returns the steps instead of running them, because each generator in between takes time.
  publishing(function updateFile(
    publication,
    files: Files,
    change: Change,
    options: UpdateFileOptions = {},
  ): Steps<unknown> {
    return update(asUpdate(files, change, options, publication))
  }),
  {
    turns: (files, _change, options) =>
      ([files].flat() as (string | URL)[]).flatMap(file => lockTurn(file, options as UpdateFileOptions)),
    whileQueued: (turn, files, _change, options) => sayWhoInQueue(turn, files, options),
  },
) as unknown as UpdateFile

export type { UpdateFile, Work, WorkOnFiles } from './update-file/forms.js'
export type { UpdateFileOptions } from './update-file/options.js'
