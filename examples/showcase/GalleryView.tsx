// #region view
import { type ReactNode, useId } from "react"
import type { Component } from "fibra"
import { LiveStatus, type UploadingFile, UploadProgressBar, useComponent, useUpload } from "fibra/react"
import { Gallery } from "../gallery/Gallery.ts"

export const GalleryView = ({ children }: { readonly children?: ReactNode }) => {
  const gallery = useComponent(Gallery, { key: "everyone" })
  // #region upload
  const { files, input, zone } = useUpload(gallery, "photo", { paste: "page" })
  // #endregion upload
  const heading = useId()
  return (
    <section className="card wide" aria-labelledby={heading} {...zone}>
      <div className="card-head">
        <h2 id={heading}>A gallery</h2>
        <LiveStatus of={gallery} className="status" />
      </div>
      <p className="about">{children}</p>
      <label className="chooser">
        <input {...input} />
        <span>Choose pictures, drop them here, or paste one.</span>
        <small>PNG, JPEG, WebP or PDF, up to 10 MB each</small>
      </label>
      {files.length > 0 && (
        <ul className="uploads" aria-label="Uploads">
          {files.map((file) => (
            <li key={file.id} aria-label={file.name}>
              <UploadView of={file} />
            </li>
          ))}
        </ul>
      )}
      <Pictures of={gallery.state.pictures} />
    </section>
  )
}

/** A file on its way, and what can be done with it. */
const UploadView = ({ of }: { readonly of: UploadingFile }) => {
  const { cancel, name, pause, preview, remove, resume, retry, status } = of
  const isUnderWay = status === "waiting" || status === "uploading"
  return (
    <>
      {preview === undefined ? <span className="thumbnail" /> : <img className="thumbnail" src={preview} alt="" />}
      <span className="name">{name}</span>
      <UploadProgressBar of={of} className="progress" />
      <span className="buttons">
        {isUnderWay && <Button name={`Pause ${name}`} text="Pause" onClick={pause} />}
        {status === "paused" && <Button name={`Resume ${name}`} text="Resume" onClick={resume} />}
        {(isUnderWay || status === "paused") && <Button name={`Cancel ${name}`} text="Cancel" onClick={cancel} />}
        {(status === "failed" || status === "cancelled") && (
          <Button name={`Retry ${name}`} text="Retry" onClick={retry} />
        )}
        {!isUnderWay && status !== "paused" && status !== "completing" && (
          <Button name={`Remove ${name}`} text="Remove" onClick={remove} />
        )}
      </span>
    </>
  )
}
// #endregion view

interface ButtonProps {
  /** Begins with the text: who speaks to the page says what they see. */
  readonly name: string
  readonly text: string
  readonly onClick: () => void
}

const Button = ({ name, onClick, text }: ButtonProps) => (
  <button className="quiet" aria-label={name} onClick={onClick}>
    {text}
  </button>
)

const Pictures = ({ of }: { readonly of: Component.State<typeof Gallery>["pictures"] }) => (
  <ul className="pictures" aria-label="Pictures">
    {of.map(({ name, type, url }) => (
      <li key={url}>
        <a href={url} target="_blank" rel="noreferrer">
          {type.startsWith("image/") ? <img src={url} alt={name} loading="lazy" /> : name}
        </a>
      </li>
    ))}
  </ul>
)
