/** What an outside client knows of the protocol: docs/protocol/schema.json, read by a validator that knows nothing of fibra. */
import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"

const schema = JSON.parse(readFileSync(new URL("../../docs/protocol/schema.json", import.meta.url), "utf8")) as object

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false })
ajv.addSchema(schema, "live")

const against = (definition: string) => {
  const validate = ajv.compile({ $ref: `live#/$defs/${definition}` })
  return (message: unknown): string | undefined =>
    validate(message) ? undefined : ajv.errorsText(validate.errors, { dataVar: "message" })
}

/** Why a message is none of the server's; undefined when it is one. */
export const serverMessage = against("ServerMessage")

/** Why a message is none that a client may send; undefined when it is one. */
export const clientMessage = against("ClientMessage")
