/** What is supervised by what. */
import type { ReactElement } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { maxSupervisors, maxTroubled, SupervisionTree, unlimited } from "../SupervisionTree.ts"
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

/** What crashes lead to. */
const ruleOf = (rule: { readonly intensity: number; readonly within: number }, what: string): string => {
  const { intensity, within } = rule
  if (intensity === unlimited) return "Restarted however often it crashes"
  return `${what} after more than ${intensity} crashes${within === unlimited ? "" : ` within ${Format.span(within)}`}`
}

const BranchItem = ({ of: branch }: { readonly of: Branch }): ReactElement => {
  const { component, probe, troubled } = branch
  return (
    <li>
      <strong>
        <a href={toInstances({ text: component })}>{component}</a>
      </strong>{" "}
      {countsOf(branch)}
      <p className="hint">
        {ruleOf(branch, "Faulted")}
        {probe === unlimited ? "." : `; probed after ${Format.span(probe)}.`}
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

type Supervisor = (typeof SupervisionTree)["~types"]["state"]["supervisors"]["Type"][number]

const SupervisorItem = ({ of: supervisor }: { readonly of: Supervisor }): ReactElement => {
  const { children, path, strategy, total } = supervisor
  return (
    <li>
      <strong>{path}</strong> {strategy}
      <p className="hint">{ruleOf(supervisor, "Ends")}.</p>
      <ul>
        {children.map(({ id, restart, restarts, status }) => (
          <li key={id}>
            {id} <Badge of={status} /> {restart}, {restarts} restarts
          </li>
        ))}
        {total > children.length && <li>and {Format.number(total - children.length)} more</li>}
      </ul>
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
      {tree.state.supervisors.length > 0 && (
        <>
          <h2>Supervisors of the application</h2>
          <ul className="tree" aria-label="Supervisors of the application">
            {tree.state.supervisors.map((supervisor, index) => (
              // Several may have the same name.
              <SupervisorItem key={`${supervisor.path} ${index}`} of={supervisor} />
            ))}
            {tree.state.supervisors.length === maxSupervisors && <li>There may be more.</li>}
          </ul>
        </>
      )}
    </>
  )
}
