#!/usr/bin/env node
/** The program `fibra`; each command has a file of its own. */
import { createRequire } from "node:module"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { doctor } from "./doctor.ts"
import { generate } from "./generate.ts"

const { version } = createRequire(import.meta.url)("../../package.json") as { readonly version: string }

Command.make("fibra").pipe(
  Command.withDescription("Live Components for TypeScript"),
  Command.withSubcommands([doctor, generate]),
  Command.run({ version }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
