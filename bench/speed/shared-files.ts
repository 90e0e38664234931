// Works on files that several processes change, or make once; here without contention.

import fs from 'node:fs'
import cacache from 'cacache'
import fsExtra from 'fs-extra'
import { getOrCreate, updateFile } from 'holdfast'
import properLockfile from 'proper-lockfile'
import writeFileAtomic from 'write-file-atomic'
import { kilobyte } from './data.js'
import { beside, close, fstat, fsync, link, lstat, mkdir, open, read, rename, unlink, write } from './floors.js'
import { hangSign, plain, turnSign, turnSignBack } from './locks.js'
import type { Family, Work } from './work.js'

interface Settings {
  readonly count: number
  readonly list: readonly string[]
}

/** About a kilobyte of JSON. */
const first: Settings = { count: 1, list: Array.from({ length: 80 }, (_, at) => `entry ${at}`) }
const json = Buffer.from(JSON.stringify(first))
const more = (old: Settings = first): Settings => ({ ...old, count: old.count + 1 })
const settingsIn = (room: string): string => `${room}/settings.json`
const furnish = (room: string): void => {
  fs.writeFileSync(settingsIn(room), json)
  hangSign(settingsIn(room))
}

const updating: Work = {
  name: 'updateFile',
  calls: 60,
  standing: true,
  furnish,
  async: {
    holdfast: (_, room) => updateFile<Settings>(settingsIn(room), more, { json: true }),
    async 'proper-lockfile + write-file-atomic'(_, room) {
      const release = await properLockfile.lock(settingsIn(room), plain)
      const old = JSON.parse(await fs.promises.readFile(settingsIn(room), 'utf8'))
      await writeFileAtomic(settingsIn(room), JSON.stringify(more(old)))
      await release()
    },
  },
  sync: {
    holdfast: (_, room) => updateFile.sync<Settings>(settingsIn(room), more, { json: true }),
    'proper-lockfile + write-file-atomic'(_, room) {
      const release = properLockfile.lockSync(settingsIn(room), plain)
      const old = JSON.parse(fs.readFileSync(settingsIn(room), 'utf8'))
      writeFileAtomic.sync(settingsIn(room), JSON.stringify(more(old)))
      release()
    },
  },
  floor(_, room) {
    const [file, into] = [settingsIn(room), Buffer.alloc(json.length)]
    const stage = beside(file)
    const got = [turnSign(file), open(file, 'r'), fstat, read(into), close]
    return [...got, open(stage, 'wx'), write(json), fsync, close, rename(stage, file), turnSignBack(file)]
  },
}

const unsynced = { durability: 'none' } as const
const produce = () => kilobyte

/** cacache keeps many entries in one directory, by key, and never syncs. */
async function cached(path: string, room: string): Promise<void> {
  if (!(await cacache.get.info(room, path))) await cacache.put(room, path, kilobyte)
}

/** Checks for the file; if it is missing, checks again under a lock, and writes it. */
async function lockedAndWritten(path: string): Promise<void> {
  if (await fsExtra.pathExists(path)) return
  const release = await properLockfile.lock(path, plain)
  if (!(await fsExtra.pathExists(path))) await writeFileAtomic(path, kilobyte, { fsync: false })
  await release()
}

function lockedAndWrittenSync(path: string): void {
  if (fs.existsSync(path)) return
  const release = properLockfile.lockSync(path, plain)
  if (!fs.existsSync(path)) writeFileAtomic.sync(path, kilobyte, { fsync: false })
  release()
}

const getting = {
  calls: 60,
  async: {
    holdfast: (path: string) => getOrCreate(path, produce, unsynced),
    cacache: cached,
    'proper-lockfile + write-file-atomic': lockedAndWritten,
  },
  sync: {
    holdfast: (path: string) => getOrCreate.sync(path, produce, unsynced),
    'proper-lockfile + write-file-atomic': lockedAndWrittenSync,
  },
}

const gettingOld: Work = {
  ...getting,
  name: 'getOrCreate, existing',
  standing: true,
  furnish: room => fs.writeFileSync(`${room}/old`, kilobyte),
  floor: (_, room) => [lstat(`${room}/old`)],
}

const gettingNew: Work = {
  ...getting,
  name: 'getOrCreate, new',
  floor(path) {
    const [lock, making, stage] = [`${path}.lock`, beside(`${path}.lock`), beside(path)]
    const locked = [mkdir(making), open(`${making}/held`, 'wx'), close, rename(making, lock)]
    const made = [open(stage, 'wx'), write(kilobyte), close, link(stage, path), unlink(stage)]
    return [...locked, ...made, rename(`${lock}/held`, `${lock}/free`)]
  },
}

export const sharing: Family = { name: 'updateFile and getOrCreate', works: [updating, gettingOld, gettingNew] }
