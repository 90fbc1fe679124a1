/** All components of a server, with the numbers of all their instances. */
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"
import { HealthCountsRow } from "./DashboardOverview.ts"

/** All instances of a component. Times in milliseconds. */
const ComponentRow = Schema.Struct({
  component: Schema.String,
  version: Schema.Int,
  instances: Schema.Int,
  started: Schema.Int,
  health: HealthCountsRow,
  readers: Schema.Int,
  bytes: Schema.Finite,
  actions: Schema.Int,
  failures: Schema.Int,
  crashes: Schema.Int,
  restarts: Schema.Int,
  renders: Schema.Int,
  run: Schema.Finite,
  publish: Schema.Finite
})

/** All instances of a component. */
export interface ComponentRow extends Schema.Schema.Type<typeof ComponentRow> {}

/** All components. They are few, so they are sorted and filtered where they are shown. */
export class ComponentTable extends Component.Service<ComponentTable>()("ComponentTable", {
  state: { rows: Schema.Array(ComponentRow) },
  initial: () => ({ rows: [] })
}) {}
