/** Which values become keys of a Map or a Set while something runs. */

/** Returns those of the values that were used as keys. */
export const usedAsKeys = <A>(values: ReadonlyArray<A>, run: () => void): ReadonlyArray<A> => {
  const watched = new Set<unknown>(values)
  const used = new Set<unknown>()
  const isWatched = (value: unknown) => has.call(watched, value)
  const { has } = Set.prototype
  const { add } = Set.prototype
  const { set } = Map.prototype
  Set.prototype.add = function (value: unknown) {
    if (isWatched(value)) add.call(used, value)
    return add.call(this, value)
  }
  Map.prototype.set = function (key: unknown, value: unknown) {
    if (isWatched(key)) add.call(used, key)
    return set.call(this, key, value)
  }
  // A Set that is made of a list calls the method of its time.
  try {
    run()
  } finally {
    Set.prototype.add = add
    Map.prototype.set = set
  }
  return Array.from(used) as ReadonlyArray<A>
}
