/** What is supervised by what on a server, and what its supervisor does with it. */
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"

/** An instance that is not well. */
const TroubledRow = Schema.Struct({
  id: Schema.String,
  key: Schema.NullOr(Schema.String),
  status: Schema.String,
  health: Schema.String,
  crashes: Schema.Int,
  restarts: Schema.Int
})

/** In place of a number that has no limit. */
export const unlimited = -1

/** Instances in the tree, of one component: those that are not well. */
export const maxTroubled = 20

/** A component in the tree. */
const BranchRow = Schema.Struct({
  component: Schema.String,
  /** More than `intensity` crashes within so many milliseconds make an instance faulted; it is probed after a while. */
  intensity: Schema.Int,
  within: Schema.Finite,
  probe: Schema.Finite,
  running: Schema.Int,
  restarting: Schema.Int,
  faulted: Schema.Int,
  stopping: Schema.Int,
  troubled: Schema.Array(TroubledRow)
})

/** Supervisors in the tree, and children of one. */
export const maxSupervisors = 50
export const maxChildren = 20

/** A supervisor of the application, with its children in order. */
const SupervisorRow = Schema.Struct({
  /** Its name, after those that it runs in. */
  path: Schema.String,
  strategy: Schema.String,
  /** More than `intensity` crashes within so many milliseconds end it. */
  intensity: Schema.Finite,
  within: Schema.Finite,
  /** How many there are; the first of them are listed. */
  total: Schema.Int,
  children: Schema.Array(
    Schema.Struct({ id: Schema.String, restart: Schema.String, status: Schema.String, restarts: Schema.Int })
  )
})

/** The tree. */
export class SupervisionTree extends Component.Service<SupervisionTree>()("SupervisionTree", {
  state: { branches: Schema.Array(BranchRow), supervisors: Schema.Array(SupervisorRow) },
  initial: () => ({ branches: [], supervisors: [] })
}) {}
