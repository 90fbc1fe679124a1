/** Reads what a load generator has to know out of the bytes of a message, which are not parsed: that would be all there is to measure. */

/** What to look for. */
export interface Key {
  readonly bytes: Buffer
  readonly length: number
  /** How far to go on from a byte that is where the last of the key would be; 0 when it is that one. */
  readonly steps: Uint8Array
}

/** What to look for, of at most 255 characters. */
export const key = (text: string): Key => {
  const bytes = Buffer.from(text)
  const { length } = bytes
  const steps = new Uint8Array(256).fill(length)
  bytes.forEach((byte, index) => (steps[byte] = length - 1 - index))
  return { bytes, length, steps }
}

const isAt = (bytes: Buffer, { bytes: key, length }: Key, at: number): boolean => {
  for (let index = 0; index < length; index++) {
    if (bytes[at + index] !== key[index]) return false
  }
  return true
}

/** Whether the bytes from `at` on begin with it. */
export const startsWith = (bytes: Buffer, key: Key, at: number, end: number): boolean =>
  at + key.length <= end && isAt(bytes, key, at)

/** Where it begins in the bytes from `start` to `end`; -1 when it does not. Most bytes are not even looked at. */
export const find = (bytes: Buffer, key: Key, start: number, end: number): number => {
  const { length, steps } = key
  for (let last = start + length - 1; last < end;) {
    const step = steps[bytes[last] as number] as number
    if (step > 0) last += step
    else {
      const at = last - length + 1
      if (isAt(bytes, key, at)) return at
      last++
    }
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

/** The whole number behind it; -1 when it is not there. */
export const numberAfter = (bytes: Buffer, key: Key, start: number, end: number): number => {
  const at = find(bytes, key, start, end)
  return at < 0 ? -1 : numberAt(bytes, at + key.length)
}
