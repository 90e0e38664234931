import { dual } from './core/dual.js'
import {
  asDurability,
  asFlag,
  asFunction,
  asName,
  asNumber,
  type Durability,
  type Patience,
  refusal,
} from './core/input.js'
import { publishing } from './core/publication.js'
import type { Steps } from './core/steps.js'
import { asParents } from './parts/parents.js'
import type { Build } from './publish-directory/job.js'
import { publishVersion } from './publish-directory/publish.js'

export type { BuildWork } from './publish-directory/job.js'

export interface PublishDirectoryOptions extends Patience {
  /** How many of the older versions stay. @default 1 */
  readonly keep?: number | undefined
  /**
   * How long (ms) each version stays at least after another one has taken its place, so that readers that have resolved the
   * link find all of it. @default 60_000
   */
  readonly grace?: number | undefined
  /**
   * If `dir` is a directory and no link: makes it the oldest version. Between two calls nothing has the name then, this
   * once. @default false
   */
  readonly replace?: boolean | undefined
  /**
   * `file`: the files of the version are on disk before the link leads to it. `full`: its names, and the link, are on disk
   * before the call ends, too.
   * @default 'file'
   */
  readonly durability?: Durability | undefined
  /** Makes missing directories above `dir`. @default false */
  readonly parents?: boolean | undefined
}

/**
 * Publishes a directory as a whole, in the place of the one before: `dir` is a link to the version that is current.
 *
 * Holds afterwards: at an instant during the call `dir` led to exactly what `build` had made. Every reader, at any moment, finds
 * the old directory or the new; once it was there, `dir` is never missing. A reader that resolves the link once (`realpath`) and
 * opens everything below that finds one version, without a mix, for at least `grace` ms after it was replaced. If `build`
 * fails, or the call is stopped before that, nothing has changed. Of several callers at once each publishes a version of its
 * own, and the last one stays. A process that is killed at any moment leaves `dir` as it was or as it was to be; what it has left
 * beside it goes with the next call, or with `sweep`.
 *
 * The versions are beside `dir`: `<dir>.version-<number>-<nonce>`. Each call removes those that are not current, not among the
 * `keep` newest others, and were replaced `grace` ms ago or longer, by the clock of the filesystem. `<dir>.lock` is a lock, which
 * stays, and is held for a moment, not while `build` runs.
 *
 * Not promised: one version, to a reader that goes through the link again for each file. A step from a directory that is no
 * link yet without a gap (`replace`). That a version to which something else than this function has made `dir` lead again
 * meanwhile stays: not if that happens while a call removes it. Anything on Windows about the moment: there no link can be renamed onto another one.
 *
 * @param dir A path, or a `file:` URL: a link, or nothing, or with `replace` a directory. What another link leads to is left
 *   alone.
 * @param build Gets the path of a new, empty directory, which it fills, and `{ signal }`, aborted when the call is stopped. It
 *   may return a promise (not in the sync form), and must leave the directory where it is.
 * @returns The path of the version.
 * @throws What `build` threw, unchanged. EEXIST: `dir` is a directory, and `replace` is not set. ENOTDIR: it is a file.
 *   `ERR_NOT_PRODUCED`: `build` has removed the directory. What `lock` throws. Other errors of the system, unchanged: ENOENT,
 *   ENOSPC, EPERM (links cannot be made) ...
 *   `published` of each error says whether the version was published (see `Published`).
 *
 * @example
 * await publishDirectory('public', async dir => render(pages, dir), { keep: 3 })
 * const root = await realpath('public') // once for each request
 *
 * Source of the protocol: releases and `current` of Capistrano, with `ln -s` and `mv -T`.
 */
export const publishDirectory = dual(
  publishing(function publishDirectory(
    publication,
    dir: string | URL,
    build: Build,
    options: PublishDirectoryOptions = {},
  ): Steps<string> {
    const path = asName(dir, 'dir')
    if (asFunction(build, 'build') === undefined)
      throw refusal('ERR_INVALID_ARG_TYPE', 'build', 'of type function', build)
    return publishVersion({
      path,
      build,
      keep: asNumber(options.keep, 'options.keep', 1),
      graceMs: asNumber(options.grace, 'options.grace', 60_000),
      replace: asFlag(options.replace, 'options.replace'),
      durability: asDurability(options.durability),
      parents: asParents(options.parents),
      trial: { as: 'publishDirectory', path, retryFor: options.retryFor, publication },
      publication,
    })
  }),
)
