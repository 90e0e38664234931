// How values are spelled as bytes.

/** Turns a value into bytes, and back. `decode` throws for bytes that are no value. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}
