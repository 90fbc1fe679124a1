/** Finds names and numbers in the text of a request that is read without `JSON.parse`. */

const quote = 0x22
const backslash = 0x5c
const space = 0x20
const zero = 0x30
const nine = 0x39

/** Digits of a number that is certainly a safe integer. */
const maxDigits = 15

/** Where the quote is that ends a text without escapes; below 0 when there is none. */
export const endOfName = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) return at
    if (code === backslash || code < space) return -1
  }
  return -1
}

const isDigit = (code: number): boolean => code >= zero && code <= nine

/** The end of the digits that begin here; below 0 when they are no number that JSON has, or too many. */
export const endOfDigits = (text: string, from: number): number => {
  let at = from
  while (isDigit(text.charCodeAt(at))) at++
  return isNumber(text, from, at) ? at : -1
}

/** The same for the digits that end here. */
export const beginOfDigits = (text: string, end: number): number => {
  let at = end
  while (at > 0 && isDigit(text.charCodeAt(at - 1))) at--
  return isNumber(text, at, end) ? at : -1
}

const isNumber = (text: string, from: number, end: number): boolean =>
  end > from && end - from <= maxDigits && (text.charCodeAt(from) !== zero || end === from + 1)

/** The number that these digits are. */
export const numberOf = (text: string, from: number, end: number): number => {
  let number = 0
  for (let at = from; at < end; at++) number = number * 10 + text.charCodeAt(at) - zero
  return number
}

/** Whether a text stands here. */
export const isQuoted = (text: string, at: number): boolean => text.charCodeAt(at) === quote
