import { assert, describe, it } from "@effect/vitest"
import { RestartPolicy } from "fibra/actor"

const policy = RestartPolicy.make({
  intensity: 3,
  within: "30 seconds",
  backoff: "100 millis",
  maxBackoff: "300 millis",
  healthyAfter: "30 seconds",
  probeInterval: "10 seconds"
})

/** Crashes at these times (seconds), each of something that had been running for so long (seconds). */
const follow = (
  policy: RestartPolicy.RestartPolicy,
  crashes: ReadonlyArray<readonly [at: number, running?: number]>
): ReadonlyArray<string> => {
  let history = RestartPolicy.healthy
  return crashes.map(([at, running]) => {
    const now = at * 1000
    const runningSince = running === undefined ? undefined : now - running * 1000
    const decision = RestartPolicy.decide(policy, history, { now, runningSince })
    if (decision._tag === "Stop") return "stop"
    history = decision.history
    return `${decision._tag.toLowerCase()} ${decision.delay}`
  })
}

describe("RestartPolicy", () => {
  it.each<{
    readonly name: string
    readonly policy?: RestartPolicy.RestartPolicy
    readonly crashes: ReadonlyArray<readonly [at: number, running?: number]>
    readonly decisions: ReadonlyArray<string>
  }>([
    { name: "restarts at once after the first crash", crashes: [[0, 5]], decisions: ["restart 0"] },
    {
      name: "doubles the delay up to the longest",
      policy: { ...policy, intensity: 9 },
      crashes: [
        [0, 0],
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0]
      ],
      decisions: ["restart 0", "restart 100", "restart 200", "restart 300", "restart 300"]
    },
    {
      name: "starts over after a healthy spell",
      crashes: [
        [0, 0],
        [1, 0],
        [31, 30],
        [32, 0]
      ],
      decisions: ["restart 0", "restart 100", "restart 0", "restart 100"]
    },
    {
      name: "does not start over just before the spell is long enough",
      crashes: [
        [0, 0],
        [1, 0],
        [31, 29.999]
      ],
      decisions: ["restart 0", "restart 100", "restart 200"]
    },
    {
      name: "counts a build that fails as a crash without a healthy spell",
      crashes: [[0], [1], [2], [3]],
      decisions: ["restart 0", "restart 100", "restart 200", "probe 10000"]
    },
    {
      name: "probes after one crash too many within the window",
      crashes: [
        [0, 0],
        [1, 0],
        [2, 0],
        [3, 0]
      ],
      decisions: ["restart 0", "restart 100", "restart 200", "probe 10000"]
    },
    {
      name: "forgets crashes that left the window",
      crashes: [
        [0, 0],
        [1, 0],
        [29, 0],
        [30, 0],
        [31, 0]
      ],
      decisions: ["restart 0", "restart 100", "restart 200", "restart 300", "restart 300"]
    },
    {
      name: "waits longer for each probe that fails, up to ten times the interval",
      policy: { ...policy, intensity: 0 },
      crashes: [[0, 0], [20, 0], [60, 1], [200], [400], [600]],
      decisions: ["probe 10000", "probe 20000", "probe 40000", "probe 80000", "probe 100000", "probe 100000"]
    },
    {
      name: "counts the crashes within the window, however long the actor had run before",
      crashes: [
        [1000, 0],
        [1001, 0],
        [1002, 0],
        [1003, 0]
      ],
      decisions: ["restart 0", "restart 100", "restart 200", "probe 10000"]
    },
    {
      name: "probes again after a probe that crashed before it was healthy, whatever the intensity",
      crashes: [
        [0, 0],
        [1, 0],
        [2, 0],
        [3, 0],
        [13, 29],
        [33, 29.999]
      ],
      decisions: ["restart 0", "restart 100", "restart 200", "probe 10000", "probe 20000", "probe 40000"]
    },
    {
      name: "trusts what has been healthy since the probe",
      crashes: [
        [0, 0],
        [1, 0],
        [2, 0],
        [3, 0],
        [43, 30],
        [44, 0]
      ],
      decisions: ["restart 0", "restart 100", "restart 200", "probe 10000", "restart 0", "restart 100"]
    },
    {
      name: "stops instead of probing when told so",
      policy: { ...policy, intensity: 1, exhausted: "stop" },
      crashes: [
        [0, 0],
        [1, 0]
      ],
      decisions: ["restart 0", "stop"]
    },
    { name: "never restarts with `never`", policy: RestartPolicy.never, crashes: [[0, 1000]], decisions: ["stop"] }
  ])("$name", ({ crashes, decisions, policy: given }) => {
    assert.deepStrictEqual(follow(given ?? policy, crashes), decisions)
  })

  it.each([
    { backoff: 0, maxBackoff: "10 seconds", last: "restart 0" },
    { backoff: "1 milli", maxBackoff: "10 seconds", last: "restart 10000" },
    { backoff: "1 milli", maxBackoff: 0, last: "restart 0" }
  ] as const)(
    "a RestartPolicy has a delay even after a thousand restarts in a row: $backoff to $maxBackoff",
    ({ last, ...backoff }) => {
      const crashes = Array.from({ length: 3000 }, (_, at) => [at, 0] as const)
      const decisions = follow(RestartPolicy.make({ ...backoff, intensity: Infinity, within: "1 second" }), crashes)
      assert.deepStrictEqual(
        decisions.slice(1000),
        Array.from({ length: 2000 }, () => last)
      )
    }
  )

  it("a RestartPolicy tolerates five crashes within thirty seconds by default", () => {
    const crashes = Array.from({ length: 6 }, (_, at) => [at, 0] as const)
    assert.strictEqual(follow(RestartPolicy.make(), crashes).at(-2), "restart 800")
    assert.strictEqual(follow(RestartPolicy.make(), crashes).at(-1), "probe 30000")
  })

  it("probes unless it was made to stop", () => {
    assert.deepStrictEqual(follow(RestartPolicy.make({ intensity: 0 }), [[0, 0]]), ["probe 30000"])
    assert.deepStrictEqual(follow(RestartPolicy.make({ intensity: 0, exhausted: "stop" }), [[0, 0]]), ["stop"])
    assert.strictEqual(RestartPolicy.make().exhausted, "probe")
  })
})
