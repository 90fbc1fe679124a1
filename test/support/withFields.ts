/** Objects whose fields have one of some values or are missing: for what is recognised by hand, and by a schema. */
import { Arbitrary, Schema } from "effect"

const Choice = Arbitrary.schema(Schema.Natural)

/** The first value of each field is as likely as all others together; without one (`undefined`) the field is missing. */
export const withFields = (fields: Readonly<Record<string, ReadonlyArray<unknown>>>): Arbitrary.Arbitrary<object> =>
  Arbitrary.map(Arbitrary.array(Choice, { minLength: 16, maxLength: 16 }), (choices) =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([name, values], index) => {
        const choice = choices[index] ?? 0
        const value = choice % 2 === 0 ? values[0] : values[(choice >> 1) % values.length]
        return value === undefined ? [] : [[name, value]]
      })
    )
  )
