/** Encodes events for the JSON wire: whole states, and each event for each component that hears it. */
import { EventsDropped } from "./JsonError.ts"
import type { WireEncoder, StateVersion } from "../../sync/WireEncoder.ts"
import * as JsonResponse from "./JsonResponse.ts"

/** The encoder of the JSON wire, with the time of this clock. */
export const make = (now: () => number): WireEncoder => {
  const headOf = ({ id, key }: StateVersion): string =>
    key === undefined
      ? `{"type":"STATE_UPDATE","componentId":${JSON.stringify(id)},"payload":{"state":`
      : `{"type":"COMPONENT_UPDATE","componentId":${JSON.stringify(id)},"state":`
  const update = (head: string, { encoded, key, revision }: StateVersion, token?: string): string => {
    const signed = token === undefined || key !== undefined ? "" : `,"signedState":"${token}"`
    const end = key === undefined ? "}," : ","
    return `${head}${JSON.stringify(encoded)}${signed}${end}"revision":${revision},"timestamp":${now()}}`
  }
  return {
    headOf,
    changed: (head, told) => update(head, told),
    merged: (told) => update(headOf(told), told),
    tellsWhole: true,
    status: ({ id }, status) =>
      `{"type":"COMPONENT_STATUS","componentId":${JSON.stringify(id)},"status":"${status}","timestamp":${now()}}`,
    sealed: (told, token) => update(headOf(told), told, token),
    sealsState: true,
    isAcknowledged: false,
    addressesComponents: true,
    event: ({ name: room }, { name, payload, time }) => {
      const place = room === undefined ? "" : `"room":${JSON.stringify(room)},`
      return `,${place}"event":${JSON.stringify(name)},"payload":${payload},"timestamp":${time}}`
    },
    prefixFor: (componentId) => `{"type":"BROADCAST","componentId":${JSON.stringify(componentId)}`,
    dropped: ({ name }, _index, count) =>
      JsonResponse.error(new EventsDropped({ room: name, count }), now(), undefined),
    joined: undefined,
    left: undefined,
    hasPresence: false
  }
}
