/** Shortens a script that fails as long as it still fails: halves first, then single steps. */
export const shrink = async <Step>(
  steps: ReadonlyArray<Step>,
  fails: (steps: ReadonlyArray<Step>) => Promise<boolean>,
  isOver: () => boolean
): Promise<ReadonlyArray<Step>> => {
  let shortest = steps
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let start = 0
    while (start < shortest.length && !isOver()) {
      const without = [...shortest.slice(0, start), ...shortest.slice(start + size)]
      if (await fails(without)) shortest = without
      else start += size
    }
  }
  return shortest
}
