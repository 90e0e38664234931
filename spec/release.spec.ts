// A release: it refuses as long as what only a publisher has is missing, and its workflow takes no code that may change.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert, holds } from './support/kit.js'

const top = fileURLToPath(new URL('../..', import.meta.url))
const read = (...path: string[]): string => readFileSync(join(top, ...path), 'utf8')

interface Release {
  readonly given: Record<string, unknown>
  readonly version: string
  readonly tag?: string
  readonly changelog: string
}

interface Publisher {
  faultsOf(release: Release): string[]
  forManifest(given: Record<string, unknown>): Record<string, unknown>
}

const publisher = (await import(pathToFileURL(join(top, 'scripts', 'publisher.mjs')).href)) as Publisher

const given = {
  repository: 'https://github.com/someone/holdfast',
  homepage: 'https://example.org/holdfast',
  bugs: 'https://github.com/someone/holdfast/issues',
  author: 'Someone',
  security: 'security@example.org',
}
const ready = { given, version: '1.2.3', tag: 'v1.2.3', changelog: '# Changelog\n\n## 1.2.3 (2030-01-02)\n' }

holds('a release is refused while anything that only a publisher has is missing, or is not what it must be', () => {
  assert.equal(publisher.faultsOf(ready), [])
  for (const name of Object.keys(given)) {
    for (const value of [undefined, null, '', 7, 'not\nan address'])
      assert.match(
        publisher.faultsOf({ ...ready, given: { ...given, [name]: value } })[0] ?? 'none',
        `json: ${name} is`,
      )
  }
})

holds('a release is refused if its tag, its version and the changelog differ', () => {
  assert.match(publisher.faultsOf({ ...ready, tag: 'v1.2.4' })[0] ?? 'none', 'the tag is v1.2.4')
  for (const head of ['1.2.3 (unreleased)', '1.2.2 (2030-01-02)', '1.2.3'])
    assert.match(publisher.faultsOf({ ...ready, changelog: `## ${head}\n` })[0] ?? 'none', `heading is '${head}'`)
})

holds('the first step of the workflow ends with 1 and names each, as long as publisher.json names none', () => {
  const named = Object.entries(JSON.parse(read('publisher.json')) as Record<string, unknown>)
  assert.equal(
    named.map(([name]) => name),
    Object.keys(given),
  )
  const { status, stderr } = spawnSync(process.execPath, [join(top, 'scripts', 'publisher.mjs')], { encoding: 'utf8' })
  for (const [name, value] of named) if (value === null) assert.match(stderr, `${name} is missing`)
  if (named.some(([, value]) => value === null)) assert.is(status, 1)
})

holds('what the publisher names is in the manifest of the package', () => {
  const { author, homepage, bugs } = given
  const repository = { type: 'git', url: 'git+https://github.com/someone/holdfast.git' }
  assert.equal(publisher.forManifest(given), { repository, homepage, bugs: { url: bugs }, author })
})

const workflows = join('.github', 'workflows')

holds('workflows take actions by hash, keep no credentials, and may only read', () => {
  for (const name of readdirSync(join(top, workflows))) {
    const text = read(workflows, name)
    const used = [...text.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action)
    assert.ok(used.length > 0)
    for (const action of used) assert.match(action, /^(\.\/|[\w-]+\/[\w-]+@[0-9a-f]{40}$)/, name)
    assert.match(text, /^permissions:\n {2}contents: read\n/m, name)
    assert.is(text.match(/actions\/checkout@/g)?.length, text.match(/persist-credentials: false/g)?.length, name)
    assert.not.match(text, /secrets\.|pull_request_target/, name)
  }
})

holds('only the job that stages may identify itself, after all specs, and it runs no code of the project', () => {
  const text = read(workflows, 'release.yml')
  const [before = '', stage = ''] = text.split('\n  stage:\n')
  assert.match(before, 'run: npm run release:check -- "$GITHUB_REF_NAME"')
  assert.match(before, /specs:\n {4}needs: ready\n {4}uses: \.\/\.github\/workflows\/ci\.yml/)
  assert.not.match(before, 'id-token')
  assert.match(stage, /needs: \[specs, build\][\s\S]*id-token: write[\s\S]*npm stage publish/)
  assert.not.match(stage, /checkout|npm (run|ci|test)/)
  const ci = read(workflows, 'ci.yml')
  // Windows runs those of its specs that are about it.
  const test = `npm \${{ runner.os == 'Windows' && 'run test:windows' || 'test' }}`
  for (const command of ['npm run check', test, 'npm run test:compat']) assert.match(ci, `- run: ${command}\n`)
})
