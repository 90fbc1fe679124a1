/** What is supervised by what. */
import type { ReactElement } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { maxTroubled, SupervisionTree } from "../SupervisionTree.ts"
import { Badge } from "./Badge.tsx"
import * as Format from "./Format.ts"
import { toInstance, toInstances } from "./Route.ts"

type Branch = (typeof SupervisionTree)["~types"]["state"]["branches"]["Type"][number]

const countsOf = ({ faulted, restarting, running, stopping }: Branch): string =>
  [
    `${Format.number(running)} running`,
    ...(restarting > 0 ? [`${restarting} restarting`] : []),
    ...(faulted > 0 ? [`${faulted} faulted`] : []),
    ...(stopping > 0 ? [`${stopping} stopping`] : [])
  ].join(", ")

const BranchItem = ({ of: branch }: { readonly of: Branch }): ReactElement => {
  const { component, intensity, probe, troubled, within } = branch
  return (
    <li>
      <strong>
        <a href={toInstances({ text: component })}>{component}</a>
      </strong>{" "}
      {countsOf(branch)}
      <p className="hint">
        Faulted after more than {intensity} crashes within {Format.span(within)}; probed after {Format.span(probe)}.
      </p>
      {troubled.length > 0 && (
        <ul>
          {troubled.map(({ crashes, health, id, key, restarts, status }) => (
            <li key={id}>
              <a href={toInstance(id)}>{key ?? id}</a> <Badge of={status} /> <Badge of={health} /> {crashes} crashes,{" "}
              {restarts} restarts
            </li>
          ))}
          {troubled.length === maxTroubled && <li>There may be more.</li>}
        </ul>
      )}
    </li>
  )
}

/** The tree. */
export const Supervision = (): ReactElement => {
  const tree = useComponent(SupervisionTree)
  return (
    <>
      <LiveStatus of={tree} className="live" />
      <p className="hint">
        Each instance is restarted by itself, from its last good state. Those that are well are counted; those that are
        not are listed below their component.
      </p>
      <ul className="tree" aria-label="Supervision tree">
        <li>
          <strong>Server</strong>
          <ul>
            {tree.state.branches.map((branch) => (
              <BranchItem key={branch.component} of={branch} />
            ))}
          </ul>
        </li>
      </ul>
    </>
  )
}
