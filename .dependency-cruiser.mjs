// Import directions: who may import whom inside src/. Whatever is not listed fails; type imports count.
import { builtinModules } from "node:module"

/** A folder of src/, or the contract: the files that lie directly in src/. */
const ours = (...names) => names.map((name) => (name === "contract" ? "^src/[^/]+$" : `^src/${name}/`)).join("|")

/** What each part may import of ours, besides itself. */
const directions = {
  contract: [],
  actor: [],
  server: ["contract", "actor"],
  dashboard: ["contract"],
  cluster: ["contract", "actor", "server"],
  client: ["contract"],
  store: ["client", "contract"],
  react: ["store", "client", "contract"],
  devtools: ["react", "store", "client", "contract"],
  vue: ["store", "client", "contract"],
  svelte: ["store", "client", "contract"],
  script: ["store", "contract"],
  testing: ["contract", "client", "server", "actor"],
  cli: ["contract", "client"]
}

/**
 * The floors of src/server, from the roof to the ground: a folder may import those below it, never one above. The files that lie
 * directly in src/server are the doors, which may import all of them, and the ground, on which all of them stand.
 */
const floors = [
  "monitor",
  "wire",
  "session",
  "upload",
  "instance",
  "room",
  "http",
  "security",
  "sync",
  "transport",
  "store"
]
const ground =
  "^src/server/(BufferPool|LiveConfig|LiveMetrics|IdGenerator|Footprint|SettingKind|SettingsSource|SmallMap|StartError)[.]ts$"
const floor = (...names) => names.map((name) => `^src/server/${name}/`).join("|")

/** What is said of what others threw: everybody needs it, the actor runtime, too, and it knows nothing of ours. */
const log = "^src/(Thrown|Log)[.]ts$"

const effect = "^node_modules/effect/"
const builtins = new Set(builtinModules.map((name) => name.replace(/^node:/, "")))
const node = `^(node:)?(${[...builtins].join("|")})$`
const forServers = "^node_modules/(ws|@types/ws|file-type|@effect/platform-node|@effect/platform-node-shared)/"

/** The page of the dashboard, which nothing else imports, and what only it has. */
const page = "^src/dashboard/page/"
const bundled = "^node_modules/(@types/)?(react|react-dom|uplot)/"

/** What may use Node, sockets and the platform. The actor runtime may not. */
const servers = ["server", "cluster", "testing", "cli"]

export default {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Two modules that import each other are one module. Move what both need into a third.",
      severity: "error",
      from: {},
      to: { circular: true }
    },
    {
      name: "browser-safe",
      comment:
        "The contract, the client, the store and its bindings run in a browser: nothing they reach may need Node.",
      severity: "error",
      from: { path: ours("contract", "client", "store", "react", "devtools", "vue", "svelte", "script", "dashboard") },
      to: { path: `${node}|${forServers}`, reachable: true }
    },
    {
      name: "sessions-hold-references",
      comment:
        "A session holds an InstanceRef, so that an instance may run on another server. What runs it is not for sessions.",
      severity: "error",
      from: { path: "^src/server/(session|wire)/" },
      to: { path: "^src/server/instance/(Instance|InstanceActor|InstanceRunner|LocalInstanceRef)[.]ts$" }
    },
    {
      name: "no-barrels",
      comment: 'Import the module ("effect/Effect", "effect/rpc/Rpc"), not a barrel: it halves the browser bundle.',
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^node_modules/(effect|@effect/[^/]+)/.+/index[.](d[.]ts|ts|js)$" }
    }
  ],
  allowedSeverity: "error",
  allowed: [
    ...Object.entries(directions).map(([from, to]) => ({
      from: { path: ours(from) },
      to: { path: from === "server" ? ours(...to) : ours(from, ...to) }
    })),
    { from: { path: "^src/server/[^/]+$", pathNot: ground }, to: { path: ours("server") } },
    { from: { path: ours("server") }, to: { path: ground } },
    ...floors.map((name, index) => ({ from: { path: floor(name) }, to: { path: floor(...floors.slice(index)) } })),
    // Bench and torture measure and try from outside: they may import what they like, as long as they go round in no circle.
    { from: { path: "^(bench|torture)/" }, to: {} },
    // The server serves the components of the dashboard; the page shows them, and is bundled with what it needs.
    { from: { path: floor("monitor") }, to: { path: "^src/dashboard/[^/]+$" } },
    { from: { path: page }, to: { path: `${page}|${ours("client", "store", "react")}|${bundled}` } },
    { from: { path: "^src/" }, to: { path: effect } },
    { from: { path: "^src/" }, to: { path: log } },
    { from: { path: ours("react", "devtools") }, to: { path: "^node_modules/(@types/)?react/" } },
    { from: { path: ours("vue") }, to: { path: "^node_modules/vue/" } },
    { from: { path: ours("svelte") }, to: { path: "^node_modules/svelte/" } },
    { from: { path: ours("cli") }, to: { path: "^node_modules/oxc-parser/" } },
    { from: { path: ours(...servers) }, to: { path: `${node}|${forServers}` } }
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // A node_modules that is a link (a work tree, a workspace) is node_modules all the same.
    preserveSymlinks: true,
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "node", "default"] }
  }
}
