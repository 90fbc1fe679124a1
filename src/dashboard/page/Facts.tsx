/** Some facts with their names. */
import type { ReactElement, ReactNode } from "react"

/** A list of facts. */
export const Facts = ({ children }: { readonly children: ReactNode }): ReactElement => (
  <dl className="facts">{children}</dl>
)

interface FactProps {
  readonly name: string
  readonly children: ReactNode
}

/** One of them. */
export const Fact = ({ children, name }: FactProps): ReactElement => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)
