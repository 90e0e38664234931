// Roots by their spelling: what must never be removed, emptied or moved. Windows spells one root in many ways, and some of
// them end with what looks like a name.

/** Is it a root, however it is spelled? Links are not followed. A path that is not absolute is none. */
export function isRoot(path: string, isWindows: boolean): boolean {
  if (!isWindows) return path.startsWith('/') && isNothing(path.split('/'))
  const spelt = path.replaceAll('/', '\\')
  const rest = afterRoot(spelt)
  return rest !== undefined && isNothing(rest.split('\\'))
}

/** `\\?\`, `\\.\` and `\??\` lead to devices by their names. */
const device = /^(?:\\\\[?.]|\\\?\?)\\+/

/** What can stand for a device: a drive, a volume, a share, and what has a name in the kernel. */
const devices = [
  /^[a-z]:/i,
  /^volume\{[^}\\]*\}/i,
  /^unc\\+[^\\]+\\+[^\\]+/i,
  /^unc\\+[^\\]*$/i,
  /^globalroot\\+device\\+[^\\]+/i,
  /^[^\\]+/,
]

/** What follows the root; undefined if the path does not begin with one. */
function afterRoot(path: string): string | undefined {
  const prefix = device.exec(path)?.[0]
  if (prefix !== undefined) {
    const rest = path.slice(prefix.length)
    return rest.slice(devices.map(one => one.exec(rest)?.[0]).find(found => found !== undefined)?.length ?? 0)
  }
  const share = /^\\\\[^\\]+\\+[^\\]+/.exec(path) ?? /^\\\\[^\\]*\\*$/.exec(path)
  if (share) return path.slice(share[0].length)
  const drive = /^[a-z]:/i.exec(path)
  if (drive) return /^\\|^$/.test(path.slice(2)) ? path.slice(2) : undefined
  return path.startsWith('\\') ? path : undefined
}

/** Do these names lead nowhere? Windows leaves out dots and blanks at the end of a name. */
function isNothing(names: readonly string[]): boolean {
  let depth = 0
  for (const name of names) {
    const isDots = /^[. ]*$/.test(name)
    if (name === '..') depth = Math.max(0, depth - 1)
    else if (!isDots) depth++
  }
  return depth === 0
}
