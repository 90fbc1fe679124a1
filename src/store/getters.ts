/** For frameworks that follow what a view reads. */

/**
 * An object with the properties of what `read` gives, each read when it is asked for. `read` always gives objects with the same
 * properties.
 */
export const getters = <A extends object>(read: () => A): A => {
  const view = {} as A
  for (const name of Object.keys(read()) as Array<keyof A>) {
    Object.defineProperty(view, name, { enumerable: true, get: () => read()[name] })
  }
  return view
}
