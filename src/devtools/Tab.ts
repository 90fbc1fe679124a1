/** A tab of the panel. */
export interface Tab {
  readonly name: string
  readonly element: HTMLElement
  /** Shows what there is now. It is called while the tab is seen, a few times a second at most. */
  readonly update: () => void
}
