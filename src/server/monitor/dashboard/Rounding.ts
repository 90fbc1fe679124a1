/** Numbers for people: what nobody can see is left out, so that it is not sent each second either. */

/** Three significant digits below a thousand, whole above. */
export const round = (value: number): number =>
  Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3))
