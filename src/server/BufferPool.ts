/**
 * Buffers for what arrives in several reads: frames, and pieces of files that are to be stored. They are used again: a new one
 * of such a size costs more, in pages that the system has to clear and in garbage, than what is read into it.
 */

/** Bytes of the smallest one: about what one read brings. */
const least = 64 * 1024

/** Bytes that are kept for later, in all. */
const most = 16 * 1024 * 1024

/** Those that are kept, by their size. */
const kept = new Map<number, Array<Buffer>>()
let keptBytes = 0

/** A kept buffer that has so many bytes at least; otherwise a new one, of as much as there is now. */
export const take = (bytes: number, now: number): Buffer => {
  const buffer = kept.get(sizeFor(bytes))?.pop()
  if (buffer === undefined) return Buffer.allocUnsafeSlow(sizeFor(now))
  keptBytes -= buffer.length
  return buffer
}

/** Nobody reads or writes it any more. */
export const give = (buffer: Buffer): void => {
  if (keptBytes + buffer.length > most) return
  const same = kept.get(buffer.length)
  if (same === undefined) kept.set(buffer.length, [buffer])
  else same.push(buffer)
  keptBytes += buffer.length
}

/** A power of two. */
const sizeFor = (bytes: number): number => {
  let size = least
  while (size < bytes) size *= 2
  return size
}
