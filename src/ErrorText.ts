/** What an error quotes in its sentence: text from a schema or a client, of any length and on any number of lines. */

const maxLength = 200

/** The same text on one line, cut where it becomes long, without a full stop of its own. */
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
