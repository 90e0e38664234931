// `holdfast/testing`: prove algorithms of your own as this package proves its own.

export { BadEnding } from './bad-ending.js'
export { type Exploration, type ExploreOptions, explore } from './explore.js'
export type { LinearizableOptions, Model, Operation, Verdict } from './history.js'
export { killedAt } from './kill.js'
export { assertLinearizable, linearizable } from './linearizable.js'
export { NotLinearizable } from './not-linearizable.js'
export { contender, overlaps, type Play, type RaceOptions, type Result, race } from './race.js'
export type { Ending, Made, Outcome, World } from './world.js'
