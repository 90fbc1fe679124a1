// #region behavior
import { Effect } from "effect"
import { Gallery } from "./Gallery.ts"

/** What is shown; the oldest make room. */
const most = 60

export const GalleryLayer = Gallery.toLayer(
  Effect.gen(function* () {
    const self = yield* Gallery
    // Whoever has an instance of their own sees what others add, too.
    yield* self.join("gallery")
    return Gallery.of({
      uploads: {
        // A file that has arrived whole, and is of the type that it is said to be. `Upload.refuse` would remove it.
        photo: ({ name, size, type, url }) => self.broadcast("Added", { name, size, type, url })
      },
      on: {
        Added: (picture) => self.update(({ pictures }) => ({ pictures: [picture, ...pictures].slice(0, most) }))
      }
    })
  }),
  { persist: true }
)
// #endregion behavior
