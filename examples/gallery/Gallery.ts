// #region contract
import { Schema } from "effect"
import { Component, Upload } from "fibra"

const Picture = Schema.Struct({
  /** What its sender calls it. */
  name: Schema.String,
  /** Where the server serves it. */
  url: Schema.String,
  type: Schema.String,
  /** Bytes. */
  size: Schema.Int
})

/** Pictures that everyone sees. */
export class Gallery extends Component.Service<Gallery>()("Gallery", {
  state: { pictures: Schema.Array(Picture) },
  initial: () => ({ pictures: [] }),
  events: { Added: Picture },
  uploads: {
    photo: Upload.policy({
      maxFileSize: "10 MB",
      maxFiles: 3, // at a time: the others wait
      accept: ["image/png", "image/jpeg", "image/webp", "application/pdf"]
    })
  }
}) {}
// #endregion contract
