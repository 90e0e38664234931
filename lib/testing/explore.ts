// `explore`: every order of the calls of a few processes, on a real directory.

import { standingStill } from '../core/moment.js'
import type { Exploration, ExploreOptions } from './explore/options.js'
import { Search } from './explore/search.js'
import type { World } from './explore/world.js'

/**
 * Runs every schedule of a world.
 *
 * Holds afterwards: if `complete` is true, no order of the players' calls and no use of the world's budgets (kills,
 * failures, lies, omissions, aborts, ticks) leads to an ending that `check` refuses.
 *
 * Not promised: anything about what happens within one step: `readFile` is taken apart into its system calls, `readdir`
 * and `list` only with `splitListings` (it takes up to twice as many steps), `realpath` and `clone` are not, nor is the
 * stat that `list` makes of an entry whose kind the filesystem does not tell. Anything about the times in stats, which
 * read 0 (with `fileClock` all but the `ctime` of files), about caches of a network filesystem, about more players or
 * larger budgets than were given, or about a sleep that ends by itself while others are awake: a sleep ends when another
 * player changes something, when the clock ticks, or when all sleep.
 *
 * @param world How the directory begins, who plays, which endings are right, and what may go wrong.
 * @returns What was explored, and what bounded it.
 * @throws BadEnding with the schedule, as soon as `check` throws. An Error if the world itself is wrong.
 */
export function explore(world: World, options: ExploreOptions = {}): Exploration {
  return standingStill(() => new Search(world, options).run())
}
