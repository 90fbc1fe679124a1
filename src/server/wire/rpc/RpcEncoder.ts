/**
 * Encodes events for the RPC wire: changes as patches, and each event once for all components of a client that hear it.
 */
import { textLength } from "../../../Json.ts"
import * as Patch from "../../../Patch.ts"
import type { WireEncoder, EventScope, StateVersion } from "../../sync/WireEncoder.ts"

const fieldsOf = ({ epoch, id, revision }: StateVersion): string =>
  `"componentId":${JSON.stringify(id)},"epoch":${epoch},"revision":${revision}`

/** The calls that a change comes from, as a field. */
const byText = (calls: ReadonlyArray<string>): string => (calls.length === 0 ? "" : `,"by":[${calls.join(",")}]`)

const membership = (tag: "Joined" | "Left", componentId: string, { at }: EventScope, index: number): string =>
  `"_tag":"${tag}","componentId":${JSON.stringify(componentId)},${at},"index":${index}`

/** The encoder of the RPC wire. */
export const RpcEncoder: WireEncoder = {
  headOf: ({ epoch, id }) => `{"_tag":"Patched","componentId":${JSON.stringify(id)},"epoch":${epoch},"revision":`,
  changed: (head, { revision }, { patch }, by) =>
    `${head}${revision},"patch":${JSON.stringify(patch)}${byText(by === undefined ? [] : [by])}}`,
  merged: (told, seen, by) => {
    const { encoded } = told
    const changes = seen?.state === undefined ? undefined : JSON.stringify(Patch.diffInOrder(seen.state, encoded))
    const isShorter = changes !== undefined && changes.length < textLength(encoded, changes.length)
    // A snapshot does not say which calls it comes from.
    if (seen === undefined || (!isShorter && by.length === 0)) {
      return `{"_tag":"Snapshot",${fieldsOf(told)},"state":${JSON.stringify(encoded)}}`
    }
    const patch = isShorter ? changes : `[["set",[],${JSON.stringify(encoded)}]]`
    return `{"_tag":"Patched",${fieldsOf(told)},"from":${seen.revision},"patch":${patch}${byText(by)}}`
  },
  tellsWhole: false,
  status: ({ id }, status) => `{"_tag":"Status","componentId":${JSON.stringify(id)},"status":"${status}"}`,
  sealed: ({ id }, token) => `{"_tag":"Sealed","componentId":${JSON.stringify(id)},"token":"${token}"}`,
  sealsState: false,
  isAcknowledged: true,
  addressesComponents: false,
  event: ({ at }, { index, name, payload }) =>
    `{"_tag":"Event",${at},"index":${index},"event":${JSON.stringify(name)},"payload":${payload}}`,
  prefixFor: () => "",
  dropped: ({ at }, index, count) => `{"_tag":"EventsDropped",${at},"index":${index},"count":${count}}`,
  joined: (componentId, scope, index, order) => `{${membership("Joined", componentId, scope, index)},"turn":${order}}`,
  left: (componentId, scope, index) => `{${membership("Left", componentId, scope, index)}}`,
  hasPresence: true
}
