// `holdfast/testing`: prove algorithms of your own as this package proves its own.

export { BadEnding } from './explore/bad-ending.js'
export type { FileClock } from './explore/file-times.js'
export type { Exploration, ExploreOptions } from './explore/options.js'
export type { Ending, Made, Outcome, World } from './explore/world.js'
export { explore } from './explore.js'
export { killedAt } from './killed-at.js'
export type { LinearizableOptions, Model, Operation, Verdict } from './linearizable/history.js'
export { NotLinearizable } from './linearizable/not-linearizable.js'
export { assertLinearizable, linearizable } from './linearizable.js'
export { contender, overlaps, type Play, type RaceOptions, type Result, race } from './race.js'
export { type ContractLine, type StoreContractOptions, storeContract } from './store-contract.js'
