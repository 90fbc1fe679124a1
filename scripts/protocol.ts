// The open protocol for machines: docs/protocol/schema.json (JSON Schema 2020-12) and docs/protocol/asyncapi.json (AsyncAPI 3.0), made
// from the schemas in src/JsonProtocol.ts.
//
//   node scripts/protocol.ts            fails when a file is not what the schemas say
//   node scripts/protocol.ts --write    writes the files anew
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Schema from "effect/Schema"
import { clientMessages, serverMessages } from "../src/JsonProtocol.ts"

type Json = Schema.Json
type Fields = { readonly [key: string]: Json }

const root = fileURLToPath(new URL("..", import.meta.url))
const write = process.argv.includes("--write")

/** Which messages answer a request, besides ERROR. */
const replies = {
  COMPONENT_MOUNT: ["COMPONENT_MOUNTED"],
  COMPONENT_UNMOUNT: ["COMPONENT_UNMOUNTED"],
  COMPONENT_REHYDRATE: ["COMPONENT_REHYDRATED"],
  CALL_ACTION: ["ACTION_RESPONSE", "MESSAGE_RESPONSE"],
  PROPERTY_UPDATE: ["PROPERTY_UPDATED"],
  COMPONENT_PING: ["COMPONENT_PONG"],
  FILE_UPLOAD_START: ["FILE_UPLOAD_START_RESPONSE"],
  FILE_UPLOAD_CHUNK: ["FILE_UPLOAD_PROGRESS", "FILE_UPLOAD_ERROR"],
  FILE_UPLOAD_COMPLETE: ["FILE_UPLOAD_COMPLETE", "FILE_UPLOAD_ERROR"],
  FILE_UPLOAD_CANCEL: ["MESSAGE_RESPONSE", "FILE_UPLOAD_ERROR"]
} as const satisfies { readonly [Type in keyof typeof clientMessages]: ReadonlyArray<keyof typeof serverMessages> }

/** The keywords in the order in which a person reads them. */
const order = ["description", "type", "const", "enum"]

/**
 * Without what says nothing: that an integer is one that a double can hold, that there may be more fields, and that all of one
 * thing has to be.
 */
const simplified = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(simplified)
  if (typeof value !== "object" || value === null) return value
  const { additionalProperties, allOf, maximum, minimum, ...rest } = value as Fields
  // What an annotation says of the whole stands with the last of its checks.
  const parts = (Array.isArray(allOf) ? allOf : []).map((part: Json): { [key: string]: Json } => ({
    ...(part as Fields)
  }))
  const description = parts.find((part) => part["description"] !== undefined)?.["description"]
  for (const part of parts) delete part["description"]
  const fields: { [key: string]: Json } = {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(parts.length > 1 ? { allOf: parts } : parts[0])
  }
  const isInteger = fields["type"] === "integer"
  if (minimum !== undefined && !(isInteger && minimum === Number.MIN_SAFE_INTEGER)) fields["minimum"] = minimum
  if (maximum !== undefined && !(isInteger && maximum === Number.MAX_SAFE_INTEGER)) fields["maximum"] = maximum
  if (additionalProperties !== undefined && additionalProperties !== true) {
    fields["additionalProperties"] = additionalProperties
  }
  if (Array.isArray(fields["enum"]) && fields["enum"].length === 1) {
    fields["const"] = fields["enum"][0] ?? null
    delete fields["enum"]
  }
  const keys = [...order.filter((key) => key in fields), ...Object.keys(fields).filter((key) => !order.includes(key))]
  return Object.fromEntries(keys.map((key) => [key, simplified(fields[key] ?? null)]))
}

const schemaOf = (type: string, schema: Schema.Top): Fields => {
  const { definitions } = Schema.toJsonSchemaDocument(schema)
  const [definition, ...others] = Object.entries(definitions)
  if (definition?.[0] !== type || others.length > 0) {
    throw new Error(`Expected ${type} to be identified by its type, and to be one schema. Look at src/JsonProtocol.ts.`)
  }
  return simplified(definition[1] as Fields) as Fields
}

const refs = (where: string, names: ReadonlyArray<string>): ReadonlyArray<Fields> =>
  names.map((name) => ({ $ref: `#/${where}/${name}` }))

const clientTypes = Object.keys(clientMessages)

/** The name of a message of the server, in these documents: one type is sent by both sides. */
const nameOf = (type: string): string => (clientTypes.includes(type) ? `${type}_RESPONSE` : type)

const serverTypes = Object.keys(serverMessages).map(nameOf)
const schemas: Fields = Object.fromEntries([
  ...Object.entries<Schema.Top>(clientMessages).map(([type, schema]) => [type, schemaOf(type, schema)] as const),
  ...Object.entries<Schema.Top>(serverMessages).map(
    ([type, schema]) => [nameOf(type), schemaOf(nameOf(type), schema)] as const
  )
])

const schemaDocument: Fields = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Live JSON",
  description: "The messages of the open protocol of fibra. Each text frame is one of them, or an array of them.",
  anyOf: refs("$defs", ["ClientMessage", "ServerMessage"]),
  $defs: {
    ClientMessage: { description: "What a client may send.", oneOf: refs("$defs", clientTypes) },
    ServerMessage: { description: "What the server may send.", oneOf: refs("$defs", serverTypes) },
    ...schemas
  }
}

const { license, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly license: string
  readonly version: string
}

const channel = { $ref: "#/channels/live" }

/** `COMPONENT_MOUNT` as a name: componentMount. */
const camel = (type: string): string =>
  type.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())

const asyncApi: Fields = {
  asyncapi: "3.0.0",
  info: {
    title: "fibra: Live JSON",
    version,
    description:
      "Live components over one WebSocket, for clients in any language; docs/protocol.md tells the rest. " +
      "Each text frame is one message, or an array of messages. The operations are those of the server.",
    license: { name: license }
  },
  defaultContentType: "application/json",
  servers: {
    local: { host: "127.0.0.1:3000", protocol: "ws", description: "`npm start`" }
  },
  channels: {
    live: {
      address: "/api/live/ws",
      description: "One connection.",
      messages: Object.fromEntries(
        [...clientTypes, ...serverTypes].map((type) => [type, { $ref: `#/components/messages/${type}` }])
      ),
      bindings: {
        ws: {
          method: "GET",
          query: {
            type: "object",
            properties: {
              sessionToken: { type: "string", description: "Takes up the session that had this token." },
              batch: { type: "string", enum: ["0", "1"], description: "1: every frame of the server is an array." }
            }
          },
          bindingVersion: "0.1.0"
        }
      }
    }
  },
  operations: {
    ...Object.fromEntries(
      Object.entries(replies).map(([type, answers]) => [
        camel(type),
        {
          action: "receive",
          channel,
          messages: refs("channels/live/messages", [type]),
          reply: { channel, messages: refs("channels/live/messages", [...answers.map(nameOf), "ERROR"]) }
        }
      ])
    ),
    tell: {
      action: "send",
      channel,
      summary: "What comes without having been asked for.",
      messages: refs(
        "channels/live/messages",
        serverTypes.filter((type) => !Object.values<ReadonlyArray<string>>(replies).flat().map(nameOf).includes(type))
      )
    }
  },
  components: {
    messages: Object.fromEntries(
      Object.entries(schemas).map(([type, schema]) => [
        type,
        {
          name: type,
          summary: (schema as Fields)["description"] ?? "",
          payload: { $ref: `#/components/schemas/${type}` }
        }
      ])
    ),
    schemas
  }
}

const isPlain = (value: Json): boolean => typeof value !== "object" || value === null

/** On one line; undefined for what gets several: objects that have more than plain values, and lists of objects of several fields. */
const line = (value: Json): string | undefined => {
  if (isPlain(value)) return JSON.stringify(value)
  if (Array.isArray(value)) {
    const isTable =
      value.length > 1 && value.every((item: Json) => !isPlain(item) && Object.keys(item as Fields).length > 1)
    const items = value.map(line)
    return isTable || items.includes(undefined) ? undefined : `[${items.join(", ")}]`
  }
  const entries = Object.entries(value as Fields)
  if (entries.length === 0) return "{}"
  const fields = entries.map(([key, field]) => {
    const isShort = isPlain(field) || (Array.isArray(field) && entries.length === 1)
    const text = isShort ? line(field) : undefined
    return text === undefined ? undefined : `${JSON.stringify(key)}: ${text}`
  })
  return fields.includes(undefined) ? undefined : `{ ${fields.join(", ")} }`
}

/** As oxfmt leaves it: what fits on one line is on one. */
const print = (value: Json, indent = "", start = ""): string => {
  const whole = line(value)
  // A comma may follow.
  if (whole !== undefined && start.length + whole.length < 120) return whole
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    return `[\n${value.map((item: Json) => inner + print(item, inner, inner)).join(",\n")}\n${indent}]`
  }
  if (isPlain(value)) return JSON.stringify(value)
  const lines = Object.entries(value as Fields).map(([key, field]) => {
    const before = `${inner}${JSON.stringify(key)}: `
    return before + print(field, inner, before)
  })
  return `{\n${lines.join(",\n")}\n${indent}}`
}

const current = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

const files = new Map([
  ["docs/protocol/schema.json", schemaDocument],
  ["docs/protocol/asyncapi.json", asyncApi]
])
let stale = 0
for (const [path, document] of files) {
  const file = join(root, path)
  const text = `${print(document)}\n`
  if (current(file) === text) continue
  if (write) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    console.log(`wrote ${path}`)
  } else {
    stale++
    console.error(
      `${path} is not what src/JsonProtocol.ts says.\n  To do: run \`npm run protocol\`, and read what it changed.`
    )
  }
}
console.log(`${files.size} files made of ${clientTypes.length + serverTypes.length} messages, ${stale} not in order.`)
process.exitCode = stale === 0 ? 0 : 1
