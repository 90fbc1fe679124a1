/** Uploads files to a mounted component: chosen, dropped or pasted. */
import {
  type ChangeEvent,
  type ClipboardEvent,
  type DragEvent,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore
} from "react"
import type * as Component from "../Component.ts"
import * as Upload from "../Upload.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import { type UploadingFile, UploadList } from "../store/UploadList.ts"

/** How files come in. */
export interface UploadInputs {
  /** Opens the camera, where there is one: that of the user, or the one on the back (`environment`). */
  readonly capture?: boolean | "user" | "environment" | undefined
  /** `page`: what is pasted anywhere on the page is added. */
  readonly paste?: "page" | undefined
}

/** What an `<input>` gets: `<input aria-label="Photos" {...upload.input} />`. */
export interface FileInputProps {
  readonly type: "file"
  readonly accept: string | undefined
  readonly multiple: boolean
  readonly capture: boolean | "user" | "environment" | undefined
  readonly onChange: (event: ChangeEvent<HTMLInputElement>) => void
}

/** What the element gets on which files can be dropped, and pasted while the focus is in it. */
export interface DropZoneProps {
  readonly "data-dragging": true | undefined
  readonly onDragOver: (event: DragEvent<HTMLElement>) => void
  readonly onDragLeave: (event: DragEvent<HTMLElement>) => void
  readonly onDrop: (event: DragEvent<HTMLElement>) => void
  readonly onPaste: (event: ClipboardEvent<HTMLElement>) => void
}

/** The uploads of a view. */
export interface ViewUploads {
  /** Those that were added and not removed, in the order of their addition. */
  readonly files: ReadonlyArray<UploadingFile>
  /** Adds files, and begins to upload them; the same function for as long as the component is mounted. */
  readonly add: (files: Iterable<File>) => void
  readonly input: FileInputProps
  readonly zone: DropZoneProps
  /** Whether files are dragged over the zone. */
  readonly isDragging: boolean
}

/**
 * The uploads of this name, by this view. When the view leaves the page, what is under way is cancelled.
 *
 * <!-- snippet: examples/showcase/GalleryView.tsx#upload -->
 */
export const useUpload = <C extends Component.Typed, Name extends keyof Component.Uploads<C> & string>(
  of: LiveComponent<C>,
  name: Name,
  { capture, paste }: UploadInputs = {}
): ViewUploads => {
  const { uploads } = of["~mount"]
  const [current, setCurrent] = useState(() => new UploadList(uploads, name))
  const [isDragging, setDragging] = useState(false)
  let list = current
  if (!list.is(uploads, name)) {
    list = new UploadList(uploads, name)
    setCurrent(list)
  }
  const files = useSyncExternalStore(list.subscribe, list.getSnapshot, list.getServerSnapshot)
  useEffect(() => (paste === "page" ? listenToPastes(list) : undefined), [list, paste])
  const policy = uploads.policies.get(name)
  const input = useMemo<FileInputProps>(
    () => ({
      type: "file",
      accept: policy && Upload.acceptAttribute(policy),
      multiple: (policy?.maxFiles ?? 1) > 1,
      capture,
      onChange: ({ currentTarget }) => {
        list.add(currentTarget.files ?? [])
        // The same file may be chosen again.
        currentTarget.value = ""
      }
    }),
    [capture, list, policy]
  )
  const zone = useMemo<DropZoneProps>(
    () => ({
      "data-dragging": isDragging || undefined,
      onDragOver: (event) => {
        if (!event.dataTransfer.types.includes("Files")) return
        event.preventDefault()
        event.dataTransfer.dropEffect = "copy"
        setDragging(true)
      },
      onDragLeave: ({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setDragging(false)
      },
      onDrop: (event) => {
        setDragging(false)
        if (event.dataTransfer.files.length === 0) return
        event.preventDefault()
        list.add(event.dataTransfer.files)
      },
      onPaste: (event) => pasted(list, event)
    }),
    [isDragging, list]
  )
  return { files, add: list.add, input, zone, isDragging }
}

/** Files in the clipboard are added; a text is pasted as ever. */
const pasted = (list: UploadList, event: Pick<globalThis.ClipboardEvent, "clipboardData" | "preventDefault">): void => {
  const files = event.clipboardData?.files
  if (files === undefined || files.length === 0) return
  event.preventDefault()
  list.add(files)
}

const listenToPastes = (list: UploadList): (() => void) => {
  const listener = (event: globalThis.ClipboardEvent) => {
    // The zone has added it.
    if (!event.defaultPrevented) pasted(list, event)
  }
  document.addEventListener("paste", listener)
  return () => document.removeEventListener("paste", listener)
}
