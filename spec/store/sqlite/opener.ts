// A process that opens a store at a given moment, and makes an entry that others make as well.

import { sqliteStore } from 'holdfast/sqlite'
import { sqlite } from '../../support/sqlite-engines.js'

const [, , name = '', path = '', at = '0'] = process.argv
const { open } = sqlite(name)
while (Date.now() < Number(at));
console.log(sqliteStore(open(path)).create.sync('k', process.pid).ok ? 'made' : 'met')
