import { Effect, Layer } from "effect"
import { LiveTest } from "fibra/testing"
import { behaviors, components } from "../support/Lab.ts"
import { liveSuite, Subject } from "../support/liveSuite.ts"

liveSuite(
  "in memory",
  Layer.effect(Subject, Effect.service(LiveTest)).pipe(
    Layer.provide(LiveTest.layer({ components })),
    Layer.provideMerge(behaviors)
  )
)
