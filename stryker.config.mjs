// `npm run mutate`: breaks the files in which a silent mistake costs somebody a state or a bound, one small change at a time, and
// sees whether a test notices. Only the suites named in vitest.mutate.config.ts are run. Not part of continuous integration.
export default {
  packageManager: "npm",
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutate.config.ts", related: false },
  mutate: [
    "src/Patch.ts",
    "src/PatchDiff.ts",
    "src/PatchOp.ts",
    "src/PieceTable.ts",
    "src/ListEdit.ts",
    "src/ElementMatch.ts",
    "src/Json.ts",
    "src/StateCodec.ts",
    "src/Frozen.ts",
    "src/ListChange.ts",
    "src/client/StateCopy.ts",
    "src/client/OptimisticState.ts",
    "src/server/sync/ChangeLog.ts",
    "src/server/session/ReplyCache.ts",
    "src/server/wire/rpc/AckWindow.ts",
    "src/server/session/ParkedSessions.ts",
    "src/server/transport/ConnectionLimits.ts",
    "src/server/transport/TokenBucket.ts",
    "src/server/security/StateToken.ts",
    "src/actor/RestartPolicy.ts",
    "src/actor/Mailbox.ts",
    "src/server/instance/Checkpointer.ts"
  ],
  coverageAnalysis: "perTest",
  // A mutant in code that runs once, when a module is loaded, needs every test.
  ignoreStatic: true,
  reporters: ["clear-text", "json"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
  jsonReporter: { fileName: "node_modules/.cache/stryker/report.json" },
  tempDirName: ".stryker",
  symlinkNodeModules: true,
  thresholds: { high: 95, low: 90, break: 90 },
  timeoutMS: 10000,
  // On a busy machine the first run of all suites takes its time.
  dryRunTimeoutMinutes: 20,
  concurrency: 2
}
