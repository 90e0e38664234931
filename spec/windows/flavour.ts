// Which Windows a spec is on: Windows itself, or Wine, which lacks some of it.

export const isWindows = process.platform === 'win32'

/** Set by scripts/windows/jail. */
export const isWine = isWindows && process.env.HOLDFAST_FLAVOUR === 'wine'

/** Whether ./shim.ts was loaded: a scanner has each new file open for a moment. */
export const isScanned = isWine && Boolean(process.env.HOLDFAST_WINDOWS_RULES)

/** Names that no file of Windows can have are left out. */
export const possible = (names: readonly string[]): readonly string[] =>
  isWindows ? names.filter(name => !/[\n"*:<>?|]|[ .]$/.test(name)) : names
