// What only a publisher has, in one file: publisher.json. `repository`, `homepage`, `bugs` and `author` go into the manifest of
// the package; `security` is the address that SECURITY.md and CODE_OF_CONDUCT.md speak of. Here it is read and judged.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const read = name => readFileSync(join(top, name), 'utf8')

const isAddress = text => /^https:\/\/\S+$/.test(text)
const isMail = text => /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/.test(text)

/** What each must look like. npm binds what it publishes to the repository that it was built in, so that must be its address. */
const rules = {
  repository: [text => /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+$/.test(text), 'https://github.com/<owner>/<name>'],
  homepage: [isAddress, 'an https address'],
  bugs: [isAddress, 'an https address'],
  author: [text => /^\S.*$/.test(text), 'a name'],
  security: [text => isAddress(text) || isMail(text), 'a mail address, or an https address'],
}

export const publisher = () => JSON.parse(read('publisher.json'))

/** The part of it that the manifest of the package has. */
export function forManifest(given) {
  const { repository, homepage, bugs, author } = given
  return {
    ...(repository && { repository: { type: 'git', url: `git+${repository}.git` } }),
    ...(homepage && { homepage }),
    ...(bugs && { bugs: { url: bugs } }),
    ...(author && { author }),
  }
}

/** What must be mended before a release of this version, from this tag: one line each. None if all is there. */
export function faultsOf({ given, version, tag, changelog }) {
  const faults = []
  for (const [name, [isRight, shape]] of Object.entries(rules)) {
    const value = given[name]
    if (value === null || value === undefined || value === '')
      faults.push(`publisher.json: ${name} is missing (${shape})`)
    else if (typeof value !== 'string' || !isRight(value)) faults.push(`publisher.json: ${name} is not ${shape}`)
  }
  for (const name of Object.keys(given))
    if (!Object.hasOwn(rules, name)) faults.push(`publisher.json: ${name} is not known`)
  if (tag !== undefined && tag !== `v${version}`) faults.push(`the tag is ${tag}, and the version is ${version}`)
  const [, head = ''] = /^## (.*)$/m.exec(changelog) ?? []
  if (!new RegExp(`^${version.replaceAll('.', '\\.')} \\(\\d{4}-\\d\\d-\\d\\d\\)$`).test(head))
    faults.push(`CHANGELOG.md: the first heading is '${head}', and a release has '${version} (<year>-<month>-<day>)'`)
  return faults
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { version } = JSON.parse(read('package.json'))
  const faults = faultsOf({ given: publisher(), version, tag: process.argv[2], changelog: read('CHANGELOG.md') })
  for (const fault of faults) console.error(fault)
  if (faults.length === 0) console.log(`holdfast ${version} can be released`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
