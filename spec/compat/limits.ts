// What does not work on a runtime, and why: rows of ./rows.ts. A limit that is gone makes the run fail, too.

type Limits = Readonly<Record<string, Readonly<Record<string, string>>>>

export const limits: Limits = {
  bun: {
    'names that are not UTF-8': 'a listing in bytes does not say what the entries are, so names are read as text',
  },
  deno: {
    'times to the microsecond': 'its stats say times to the millisecond only, so a copy keeps no more of them',
    'names that are not UTF-8': 'its fs replaces bytes that are no text, so such a name is the name of nothing',
  },
}
