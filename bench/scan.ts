/** Reads what a load generator has to know out of the bytes of a message, which are not parsed: that would be all there is to measure. */

/** What to look for. */
export const key = (text: string): Buffer => Buffer.from(text)

/** Where `key` begins in the bytes from `start` to `end`; -1 when it does not. */
export const find = (bytes: Buffer, key: Buffer, start: number, end: number): number => {
  const first = key[0] as number
  const last = end - key.length
  for (let at = start; at <= last; at++) {
    if (bytes[at] !== first) continue
    let length = 1
    while (length < key.length && bytes[at + length] === key[length]) length++
    if (length === key.length) return at
  }
  return -1
}

/** The whole number that stands at a place. */
export const numberAt = (bytes: Buffer, at: number): number => {
  let value = 0
  for (let place = at; ; place++) {
    const digit = (bytes[place] as number) - 48
    if (!(digit >= 0 && digit <= 9)) return value
    value = value * 10 + digit
  }
}

/** The whole number behind `key`; -1 when it is not there. */
export const numberAfter = (bytes: Buffer, key: Buffer, start: number, end: number): number => {
  const at = find(bytes, key, start, end)
  return at < 0 ? -1 : numberAt(bytes, at + key.length)
}
