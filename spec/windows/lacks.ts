// Tests that cannot pass on Windows, or under Wine, and why. A test is named by a part of its name; `*` is each test of a file.

/** What Windows lacks. */
const modes = 'Windows keeps one bit of a mode, and no owner'
/** What Wine lacks. */
const links = 'Wine reports that it has made a symbolic link, and makes none'

type Lacks = Readonly<Record<string, Readonly<Record<string, string>>>>

export const lacksOfWindows: Lacks = {
  mkdirp: {
    'a mode goes to what is made': modes,
    'no permission is an error at once': modes,
  },
}

export const lacksOfWine: Lacks = {
  symlink: { '*': links },
}

/** Why the test of this name cannot pass here; undefined if it can. */
export function lackOf(tables: readonly Lacks[], spec: string, name: string): string | undefined {
  for (const table of tables)
    for (const [part, why] of Object.entries(table[spec] ?? {})) if (part === '*' || name.includes(part)) return why
  return undefined
}
