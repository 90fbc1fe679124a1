/** Encodes events for the JSON wire: whole states, and each event for each component that hears it. */
import { EventsDropped } from "./JsonError.ts"
import type { WireEncoder, StateVersion } from "../../sync/WireEncoder.ts"
import * as JsonResponse from "./JsonResponse.ts"

/** The encoder of the JSON wire, with the time of this clock. */
export const make = (now: () => number): WireEncoder => {
  const update = ({ encoded, id, key, revision }: StateVersion, token?: string): string => {
    const head = `"componentId":${JSON.stringify(id)}`
    const tail = `"revision":${revision},"timestamp":${now()}}`
    const state = `"state":${JSON.stringify(encoded)}`
    if (key !== undefined) return `{"type":"COMPONENT_UPDATE",${head},${state},${tail}`
    const signed = token === undefined ? "" : `,"signedState":"${token}"`
    return `{"type":"STATE_UPDATE",${head},"payload":{${state}${signed}},${tail}`
  }
  return {
    changed: (told) => update(told),
    merged: (told) => update(told),
    tellsWhole: true,
    status: ({ id }, status) =>
      `{"type":"COMPONENT_STATUS","componentId":${JSON.stringify(id)},"status":"${status}","timestamp":${now()}}`,
    sealed: update,
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
