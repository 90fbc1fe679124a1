/** What a log has of what went wrong, without what it says of the life of instances. */
import { Logger, LogLevel } from "effect"

/** A logger that adds the first part of each warning and error to a list. */
export const warnings = (to: Array<unknown>): Logger.Logger<unknown, void> =>
  Logger.make(({ logLevel, message }) => {
    if (LogLevel.isGreaterThanOrEqualTo(logLevel, "Warn")) to.push([message].flat()[0])
  })
