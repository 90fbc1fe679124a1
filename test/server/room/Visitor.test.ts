import "../../support/Work.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ClientInfo } from "../../../src/server/sync/ClientInfo.ts"
import { type Visit, Visitor } from "../../../src/server/room/Visitor.ts"
import { isLinear } from "../../support/Work.ts"

const Step = Schema.Struct({
  do: Schema.Literals(["enter", "enter", "track", "seen", "leave"]),
  which: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
  client: Schema.Literals([0, 1, 2]),
  isAway: Schema.Boolean
})

const clients = [0, 1, 2].map((id) => new ClientInfo({ id: "ada", claims: {} } as never, `connection ${id}`))

const tracked = (metadata: number) => ({ metadata, encoded: `${metadata}` })

describe("a person in a list of presence", () => {
  it.prop(
    "is there while one mount is, counts its clients, and has the metadata that were tracked last",
    [Schema.Array(Step).check(Schema.isMaxLength(30))],
    ([steps]) => {
      const visitor = new Visitor("ada", false)
      let visits: Array<{ readonly visit: Visit; metadata: number; isAway: boolean; readonly client: ClientInfo }> = []
      let next = 0
      for (const { client: index, do: what, isAway, which } of steps) {
        const client = clients[index] as ClientInfo
        const found = visits[which % Math.max(1, visits.length)]
        if (what === "enter") {
          const metadata = next++
          visits.push({ visit: visitor.enter(client, tracked(metadata), isAway), metadata, isAway, client })
        } else if (found !== undefined) {
          const others = visits.filter((other) => other !== found)
          if (what === "track") {
            visits = [...others, { ...found, metadata: next }]
            visitor.track(found.visit, tracked(next++))
          } else if (what === "leave") {
            visits = others
            visitor.leave(found.visit)
          } else if (found.isAway !== isAway) {
            found.isAway = isAway
            visitor.seen(found.visit, isAway)
          }
        }
        visitor.changed()
        assert.strictEqual(visitor.isGone, visits.length === 0)
        assert.strictEqual(visitor.connection, visits[0]?.client.connection)
        const entry = {
          id: "id",
          status: visits.every(({ isAway }) => isAway) ? "away" : "online",
          clients: new Set(visits.map(({ client }) => client)).size
        }
        const last = visits.at(-1)?.metadata
        assert.deepStrictEqual(visitor.as("id"), { ...entry, metadata: last } as never)
        assert.deepStrictEqual(visitor.encodedAs("id"), { ...entry, metadata: last === undefined ? last : `${last}` })
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("costs work that doubles at most when its mounts do", () => {
    isLinear([1000, 2000], (size) => () => {
      const visitor = new Visitor("ada", false)
      const read = () => {
        visitor.changed()
        visitor.as("ada")
      }
      const mounts = Array.from({ length: size }, (_, i) => {
        read()
        return visitor.enter(new ClientInfo(undefined, `${i}`), tracked(i), i % 2 === 0)
      })
      for (const mount of mounts) {
        visitor.track(mount, tracked(0))
        visitor.seen(mount, !mount.isAway)
        read()
      }
      for (const mount of mounts.reverse()) {
        visitor.leave(mount)
        read()
      }
    })
  })
})
