import type { Effect, Scope } from "effect"
import { Component, type LiveError } from "fibra"
import type { ClientSettings, LiveClient, LiveHandle, MountOptions } from "fibra/client"
import { type LiveComponent, useComponent } from "fibra/react"
import * as Server from "fibra/server"
import { LiveTest } from "fibra/testing"
import { describe, expect, test } from "tstyche"

class Plain extends Component.Service<Plain>()("Plain", { state: {}, initial: () => ({}) }) {}

describe("the doors", () => {
  test("do not lead to what only fibra uses", () => {
    expect<LiveClient["Service"]>().type.not.toHaveProperty("openUnsafe")
    expect<Server.Principals.Principals["Service"]>().type.not.toHaveProperty("serve")
    expect(Server.Authorization).type.not.toHaveProperty("check")
    expect(Server.LiveServer).type.not.toHaveProperty("layerCore")
    expect(Server.LiveSsr).type.not.toHaveProperty("layer")
    expect(LiveTest).type.not.toHaveProperty("make")
    expect<keyof LiveClient["Service"]>().type.toBe<
      "mount" | "connected" | "connection" | "connectionChanges" | "reconnect" | "ping"
    >()
    expect<keyof Server.Principals.Principals["Service"]>().type.toBe<"disconnect">()
  })

  test("name what a client can be given", () => {
    expect<keyof ClientSettings>().type.toBe<"mountTimeout" | "offlineTimeout" | "maxQueuedCalls" | "ssr">()
    expect<Parameters<typeof LiveClient.layer>>().type.toBe<[options?: ClientSettings]>()
  })
})

describe("a function of one's own over any component", () => {
  test("may mount it", () => {
    const mount = <C extends Component.Typed>(live: LiveClient["Service"], component: C, options: MountOptions<C>) =>
      live.mount(component, options)
    expect(mount({} as LiveClient["Service"], Plain, {})).type.toBe<
      Effect.Effect<LiveHandle<typeof Plain>, LiveError.LiveError, Scope.Scope>
    >()
  })

  test("may be a hook", () => {
    const useShared = <C extends Component.Typed>(component: C, options: MountOptions<C>) =>
      useComponent(component, options)
    expect(useShared(Plain, { key: "everyone" })).type.toBe<LiveComponent<typeof Plain>>()
  })
})
