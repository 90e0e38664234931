// Resolves what contests import, for ./faces.ts. What packages import themselves, and holdfast, stays as it is.

import type { ResolveHook } from 'node:module'
import { faces } from './faces.js'

const contests = new URL('../races/', import.meta.url).href

export const resolve: ResolveHook = (specifier, context, next) =>
  next((context.parentURL?.startsWith(contests) && faces[specifier]) || specifier, context)
