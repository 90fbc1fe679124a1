// What browsers keep is signed, so it outlives the server only if the secret does. A server of yours gets FIBRA_SECRET from its
// environment; the showcase makes one at its first start and keeps it in a file, so that there is nothing to set up.
import { randomBytes } from "node:crypto"
import { dirname } from "node:path"
import { Config, Effect, FileSystem, Layer } from "effect"
import { Secrets } from "fibra/server"

export const layer = (file: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      if ((yield* Config.String("FIBRA_SECRET").pipe(Config.withDefault(""))) !== "") return Secrets.layerConfig
      const fs = yield* FileSystem.FileSystem
      if (!(yield* fs.exists(file))) {
        yield* fs.makeDirectory(dirname(file), { recursive: true })
        yield* fs.writeFileString(file, randomBytes(32).toString("base64url"), { mode: 0o600 })
      }
      return Secrets.layer([yield* fs.readFileString(file)])
    })
  )
