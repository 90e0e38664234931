// What of the platform algorithms must know. On Windows a name that is open is a name that cannot be replaced, a directory
// is never replaced, and one errno has many causes. Elsewhere each of these costs a look at a constant.

/** An object, so that a test of Windows' rules can be run elsewhere. */
export const platform = { isWindows: process.platform === 'win32' }
