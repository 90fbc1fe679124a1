/** The upload stores there are, and what it takes to write another. */
export { layerFileSystem } from "./UploadFolder.ts"
export { type FileRange, layerMemory, type LeftFile, type PartialFile, UploadStore } from "./UploadStore.ts"
export { UploadOperation, UploadStoreError } from "./UploadStoreError.ts"
