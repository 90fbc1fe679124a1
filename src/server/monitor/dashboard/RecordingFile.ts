/** A recording as a file, for `LiveTest.replay`. That somebody has taken it is logged. */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Log from "../../../Log.ts"
import { Recording } from "../Recording.ts"
import { headers } from "./DashboardFiles.ts"
import type { DashboardSource } from "./DashboardSource.ts"

const encode = Schema.encodeEffect(Schema.toCodecJson(Recording))

const missing = HttpServerResponse.text("There is no recording of this instance.\n", { status: 404, headers })

/** A name that every system takes. */
const nameOf = ({ component, id }: Recording): string =>
  `${component}-${id.slice(-8)}`.replaceAll(/[^\w-]/g, "_") + ".recording.json"

/** The recording of an instance; with `?crash`, what was recorded when it crashed last. */
export const respond = (
  { recorder }: DashboardSource["Service"],
  id: string,
  request: HttpServerRequest,
  by: string
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.gen(function* () {
    const { crash, get } = recorder
    const found = yield* (request.url.endsWith("?crash") ? crash : get)(id)
    if (Option.isNone(found)) return missing
    const recording = found.value
    yield* Log.info("A recording is downloaded from the dashboard", {
      instance: id,
      component: recording.component,
      by
    })
    const json = yield* Effect.orDie(encode(recording))
    return HttpServerResponse.text(`${JSON.stringify(json, undefined, 2)}\n`, {
      contentType: "application/json",
      headers: {
        ...headers,
        "cache-control": "no-store",
        "content-disposition": `attachment; filename="${nameOf(recording)}"`
      }
    })
  })
