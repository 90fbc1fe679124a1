/**
 * Front A: the RPC wire over connections of the Transport. `RpcServer` runs the requests that mount and unmount; what there is
 * one of per action or per change goes straight between the session and the outbox: calls, their answers, and the one stream of
 * events a connection has. On the wire all of it is what a stock `RpcClient` of `LiveProtocol` expects.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type { RequestEncoded } from "effect/rpc/RpcMessage"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as RpcServer from "effect/rpc/RpcServer"
import * as Schema from "effect/Schema"
import { LiveError, NotAllowed, PayloadRejected } from "../LiveError.ts"
import { CallRequest, LiveProtocol, protocolVersion } from "../LiveProtocol.ts"
import { ClientMessage } from "./ClientMessage.ts"
import * as LiveConfig from "./LiveConfig.ts"
import type { Outcome, Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"
import type { Connection, Front, FrontSession } from "./Transport.ts"
