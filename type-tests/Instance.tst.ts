import { describe, expect, test } from "tstyche"
import type { Checkpoint } from "../src/server/instance/Checkpoint.ts"
import type { Instance } from "../src/server/instance/Instance.ts"
import type { InstanceActor } from "../src/server/instance/InstanceActor.ts"

/** The public fields of a class, without its methods. */
type Fields<Class> = {
  [Name in keyof Class as Class[Name] extends (...args: never) => unknown ? never : Name]: Class[Name]
}

describe("no field is assigned outside of the file", () => {
  test("of an instance", () => {
    expect<Fields<Instance>>().type.toBe<Readonly<Fields<Instance>>>()
  })

  test("of what runs it", () => {
    expect<Fields<InstanceActor>>().type.toBe<Readonly<Fields<InstanceActor>>>()
  })

  test("of what is kept of it", () => {
    expect<Fields<Checkpoint>>().type.toBe<Readonly<Fields<Checkpoint>>>()
  })
})
