// Builds the site, docs/site: the pages of docs/, and a reference that TypeDoc makes of the types that are published, in which
// each form of a function is a signature of its own. Static files; TypeDoc makes them light and dark, narrow and wide, with a search. `llms.txt` beside them lists the pages for language models.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const docs = join(top, 'docs')
export const site = join(docs, 'site')

/** The pages, in the order of the index; after them those that the pages of packages are. */
export function pages() {
  const [...named] = readFileSync(join(docs, 'index.md'), 'utf8').matchAll(/\]\(([\w-]+\.md)\)/g)
  const first = [...new Set(named.map(([, name]) => name))]
  const others = readdirSync(docs).filter(name => name.endsWith('.md') && name !== 'index.md' && !first.includes(name))
  return [...first, ...others.sort()]
}

const { exports } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
/** Faces are documented by the packages whose places they take. */
const entries = Object.entries(exports)
  .filter(([, { default: file }]) => file && !file.includes('/faces/'))
  .map(([path]) => (path === '.' ? 'index' : path.slice(2)))

const settings = {
  name: 'holdfast',
  entryPoints: entries.map(name => join(top, 'dist', 'package', 'dist', `${name}.d.ts`)),
  plugin: [pathToFileURL(join(docs, 'titles.mjs')).href],
  tsconfig: join(docs, 'tsconfig.json'),
  readme: join(docs, 'index.md'),
  projectDocuments: pages().map(name => join(docs, name)),
  out: site,
  customCss: join(docs, 'site.css'),
  excludeInternal: true,
  excludePrivate: true,
  // Where the sources are is known to who publishes; see publisher.json.
  disableSources: true,
  hideGenerator: true,
  sort: ['source-order'],
  validation: { notExported: false, invalidLink: true },
  highlightLanguages: ['bash', 'diff', 'js', 'json', 'sh', 'ts'],
  skipErrorChecking: true,
  blockTags: [
    '@default',
    '@defaultValue',
    '@example',
    '@param',
    '@returns',
    '@throws',
    '@deprecated',
    '@see',
    '@remarks',
    '@typeParam',
    '@template',
  ],
}

function writeIndexForModels() {
  const titleOf = name => /^# (.*)$/m.exec(readFileSync(join(docs, name), 'utf8'))?.[1]
  const lines = pages().map(name => `- [${titleOf(name)}](documents/${name.replace('.md', '.html')})`)
  const head =
    '# holdfast\n\n> Filesystem calls for Node that hold beside other processes: each succeeds when what you asked for is true.\n'
  writeFileSync(join(site, 'llms.txt'), `${head}\n## Pages\n\n${lines.join('\n')}\n- [Reference](modules.html)\n`)
}

function run(command, args) {
  const shell = process.platform === 'win32'
  const { status } = spawnSync(command, args, { cwd: docs, stdio: 'inherit', shell })
  if (status !== 0) process.exit(1)
}

/** Each link of the site leads to a page, or a part of a page, that is there. Those to other sites are not followed. */
async function checkLinks() {
  const { check } = await import(
    pathToFileURL(join(docs, 'node_modules', 'linkinator', 'build', 'src', 'index.js')).href
  )
  const elsewhere = '^https?://(?!localhost)'
  const { links } = await check({ path: site, recurse: true, checkFragments: true, linksToSkip: [elsewhere] })
  const broken = links.filter(({ state }) => state === 'BROKEN')
  for (const { parent, url } of broken) console.error(`${parent}: ${url} leads nowhere`)
  if (broken.length > 0 || links.length === 0) process.exit(1)
  console.log(`${links.length} links lead somewhere`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!existsSync(join(docs, 'node_modules', '.package-lock.json')))
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  run(process.execPath, [join(top, 'scripts', 'ready.mjs')])
  await (await import('./pack.mjs')).pack()
  rmSync(site, { recursive: true, force: true })
  const path = join(docs, 'node_modules', '.typedoc.json')
  writeFileSync(path, JSON.stringify(settings, null, 2))
  run(process.execPath, [join(docs, 'node_modules', 'typedoc', 'bin', 'typedoc'), '--options', path])
  writeIndexForModels()
  await checkLinks()
  console.log(join(site, 'index.html'))
}
