// What npm calls before it packs or publishes this directory. The directory is laid out for development, so none of it may
// get to users: `npm run release:pack` makes what they get, in dist/package, and a tarball of that.

console.error(`This directory is laid out for development, and is not what users get.

  npm run release:pack     makes the package in dist/package, and dist/holdfast-<version>.tgz
  npm run release:check    says what a release lacks; .github/workflows/release.yml publishes
`)
process.exitCode = 1
