// `holdfast/testing`: prove algorithms of your own as this package proves its own.

export { BadEnding } from './bad-ending.js'
export { type Exploration, type ExploreOptions, explore } from './explore.js'
export { killedAt } from './kill.js'
export { contender, overlaps, type Play, type RaceOptions, type Result, race } from './race.js'
export type { Ending, Made, Outcome, World } from './world.js'
