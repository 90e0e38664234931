// The types of fs-extra's own functions, as `@types/fs-extra` has them.

import type * as fs from 'node:fs'
import type { Url } from 'node:url'

type Data = string | NodeJS.ArrayBufferView

export type NoParamCallbackWithUndefined = (err: NodeJS.ErrnoException | null | undefined) => void
export type SymlinkType = fs.symlink.Type
export type CopyFilterSync = (src: string, dest: string) => boolean
export type CopyFilterAsync = (src: string, dest: string) => Promise<boolean>

export interface CopyOptions {
  /** Copies what links lead to, instead of the links. @default false */
  dereference?: boolean | undefined
  /** Replaces what is at the target. @default true */
  overwrite?: boolean | undefined
  /** Another name of `overwrite`. */
  clobber?: boolean | undefined
  /** @default false */
  preserveTimestamps?: boolean | undefined
  /** Without `overwrite`: what is at the target is an error. @default false */
  errorOnExist?: boolean | undefined
  /** What it returns false for is left out. */
  filter?: CopyFilterSync | CopyFilterAsync | undefined
}

export interface CopyOptionsSync extends CopyOptions {
  filter?: CopyFilterSync | undefined
}

export interface MoveOptions {
  /** Replaces what is at the target. @default false */
  overwrite?: boolean | undefined
  /** Another name of `overwrite`. */
  clobber?: boolean | undefined
  dereference?: boolean | undefined
}

export interface EnsureDirOptions {
  /** @default 0o777 */
  mode?: number | undefined
}

/** A filesystem of the caller's own, for JSON. */
export interface JsonFs {
  readFile: typeof fs.readFile
  readFileSync: typeof fs.readFileSync
  writeFile: typeof fs.writeFile
  writeFileSync: typeof fs.writeFileSync
}

export type JsonReadOptions =
  | {
      encoding?: string | null | undefined
      flag?: string | undefined
      /** `false`: null is returned for what cannot be parsed. @default true */
      throws?: boolean | undefined
      fs?: JsonFs | undefined
      // biome-ignore lint/suspicious/noExplicitAny: as JSON.parse has it
      reviver?: ((key: any, value: any) => any) | undefined
    }
  | string
  | null
  | undefined

export interface StringifyOptions {
  /** @default '\n' */
  EOL?: string | undefined
  /** @default true */
  finalEOL?: boolean | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as JSON.stringify has it
  replacer?: ((key: string, value: any) => any) | undefined
  spaces?: string | number | undefined
}

export type JsonWriteOptions =
  | ({
      encoding?: string | null | undefined
      mode?: string | number | undefined
      flag?: string | undefined
      fs?: JsonFs | undefined
    } & StringifyOptions)
  | string
  | null

export type JsonOutputOptions = fs.WriteFileOptions & StringifyOptions

/** As the types of jsonfile have it. */
type Path = fs.PathLike | Url
// biome-ignore lint/suspicious/noExplicitAny: what is read or written is any JSON
type Json = any

export interface Copy {
  (src: string, dest: string, options?: CopyOptions): Promise<void>
  (src: string, dest: string, callback: NoParamCallbackWithUndefined): void
  (
    src: string,
    dest: string,
    options: CopyOptions | CopyFilterSync | CopyFilterAsync,
    callback: NoParamCallbackWithUndefined,
  ): void
}
export type CopySync = (src: string, dest: string, options?: CopyOptionsSync | CopyFilterSync) => void

export interface Move {
  (src: string, dest: string, options?: MoveOptions): Promise<void>
  (src: string, dest: string, callback: NoParamCallbackWithUndefined): void
  (src: string, dest: string, options: MoveOptions, callback: NoParamCallbackWithUndefined): void
}
export type MoveSync = (src: string, dest: string, options?: MoveOptions) => void

export interface OfPath {
  (path: string): Promise<void>
  (path: string, callback: NoParamCallbackWithUndefined): void
}
export type OfPathSync = (path: string) => void

export interface EnsureLink {
  (src: string, dest: string): Promise<void>
  (src: string, dest: string, callback: fs.NoParamCallback): void
}
export type EnsureLinkSync = (src: string, dest: string) => void

export interface EnsureSymlink {
  (src: string, dest: string, type?: SymlinkType): Promise<void>
  (src: string, dest: string, callback: fs.NoParamCallback): void
  (src: string, dest: string, type: SymlinkType, callback: fs.NoParamCallback): void
}
export type EnsureSymlinkSync = (src: string, dest: string, type?: SymlinkType) => void

export interface EnsureDir {
  (path: string, options?: EnsureDirOptions | number): Promise<void>
  (path: string, callback: fs.NoParamCallback): void
  (path: string, options: EnsureDirOptions | number, callback: fs.NoParamCallback): void
}
export type EnsureDirSync = (path: string, options?: EnsureDirOptions | number) => void

export interface OutputFile {
  (file: string, data: Data, options?: fs.WriteFileOptions): Promise<void>
  (file: string, data: Data, callback: fs.NoParamCallback): void
  (file: string, data: Data, options: fs.WriteFileOptions, callback: fs.NoParamCallback): void
}
export type OutputFileSync = (file: string, data: Data, options?: fs.WriteFileOptions) => void

export interface OutputJson {
  (file: string, data: Json, options?: JsonOutputOptions): Promise<void>
  (file: string, data: Json, options: JsonOutputOptions, callback: fs.NoParamCallback): void
  (file: string, data: Json, callback: fs.NoParamCallback): void
}
export type OutputJsonSync = (file: string, data: Json, options?: JsonOutputOptions) => void

type JsonReadCallback = (err: NodeJS.ErrnoException | null, data: Json) => void
type JsonWriteCallback = (err: NodeJS.ErrnoException | null) => void

export interface ReadJson {
  (file: Path, options: JsonReadOptions, callback: JsonReadCallback): void
  (file: Path, callback: JsonReadCallback): void
  (file: Path, options?: JsonReadOptions): Promise<Json>
}
export type ReadJsonSync = (file: Path, options?: JsonReadOptions) => Json

export interface WriteJson {
  (file: Path, obj: Json, options: JsonWriteOptions, callback: JsonWriteCallback): void
  (file: Path, obj: Json, callback: JsonWriteCallback): void
  (file: Path, obj: Json, options?: JsonWriteOptions): Promise<void>
}
export type WriteJsonSync = (file: Path, obj: Json, options?: JsonWriteOptions) => void

export interface PathExists {
  (path: string): Promise<boolean>
  (path: string, callback: (err: NodeJS.ErrnoException | null, exists: boolean) => void): void
}
export type PathExistsSync = (path: string) => boolean
