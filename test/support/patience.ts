/** How much longer than promised something may take: with FIBRA_STRICT=1, on a quiet machine, not at all; otherwise ten times. */
export const patience = process.env["FIBRA_STRICT"] === "1" ? 1 : 10
