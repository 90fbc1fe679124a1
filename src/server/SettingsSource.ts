/** Where the settings of a server come from, for the one who says which variables nobody reads. */
import * as Context from "effect/Context"

/** Whether they were read from the environment. */
export const IsFromEnvironment = Context.Reference<boolean>("fibra/server/IsFromEnvironment", {
  defaultValue: () => false
})
