// A tree, and the floors of copying and removing it: all entries of a directory at a time, through raw callbacks; and
// one after the other, through sync calls.

import fs from 'node:fs'
import { kilobyte } from './data.js'

/** A thousand files of 1 KiB, in fifty directories. */
export function plant(tree: string): void {
  for (let d = 0; d < 50; d++) {
    const dir = `${tree}/d${d % 5}/${d}`
    fs.mkdirSync(dir, { recursive: true })
    for (let f = 0; f < 20; f++) fs.writeFileSync(`${dir}/${f}`, kilobyte)
  }
}

type Done = (error: Error | null) => void
type Visit = (name: string, isDirectory: boolean, done: Done) => void

/** Visits all entries of a directory at a time. */
function eachIn(dir: string, visit: Visit, done: Done): void {
  fs.readdir(dir, { withFileTypes: true }, (error, entries) => {
    if (error) return done(error)
    let left = entries.length
    const one: Done = error => {
      if (error) done(error)
      else if (--left === 0) done(null)
    }
    if (left === 0) done(null)
    for (const entry of entries) visit(entry.name, entry.isDirectory(), one)
  })
}

const promised = (begin: (done: Done) => void): Promise<void> =>
  new Promise((resolve, reject) => begin(error => (error ? reject(error) : resolve())))

function copyInto(from: string, to: string, done: Done): void {
  const visit: Visit = (name, isDirectory, one) =>
    (isDirectory ? copyInto : fs.copyFile)(`${from}/${name}`, `${to}/${name}`, one)
  fs.mkdir(to, error => (error ? done(error) : eachIn(from, visit, done)))
}

function removeAt(dir: string, done: Done): void {
  const visit: Visit = (name, isDirectory, one) => (isDirectory ? removeAt : fs.unlink)(`${dir}/${name}`, one)
  eachIn(dir, visit, error => (error ? done(error) : fs.rmdir(dir, done)))
}

export const copyByCallbacks = (from: string, to: string): Promise<void> => promised(done => copyInto(from, to, done))
export const removeByCallbacks = (dir: string): Promise<void> => promised(done => removeAt(dir, done))

export function copyAtOnce(from: string, to: string): void {
  fs.mkdirSync(to)
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const copy = entry.isDirectory() ? copyAtOnce : fs.copyFileSync
    copy(`${from}/${entry.name}`, `${to}/${entry.name}`)
  }
}

export function removeAtOnce(dir: string): void {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const remove = entry.isDirectory() ? removeAtOnce : fs.unlinkSync
    remove(`${dir}/${entry.name}`)
  }
  fs.rmdirSync(dir)
}
