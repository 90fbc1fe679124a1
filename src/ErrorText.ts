/**
 * Texts that an error quotes in its message: issues of a schema and names chosen by clients, of any length and on any
 * number of lines.
 */

const maxLength = 200

/** The same text on one line, shortened when it is long, without a full stop at its end. */
export const inline = (text: string): string => {
  const line = text
    .replace(/^SchemaError\((.*)\)$/s, "$1")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/\.$/, "")
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line
}

/** A name in quotation marks; line breaks are escaped, so that it cannot begin a line of its own. */
export const quote = (name: string): string => JSON.stringify(name)

/** A time in milliseconds: `30s`, `1500ms`. */
export const time = (millis: number): string => (millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`)
