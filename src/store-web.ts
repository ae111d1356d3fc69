/*
 * kaiyuan/store for browsers, where models are kept in the page's private file system. A page opens the store, which works in
 * a worker of its own; a worker that loads engines takes BrowserStore, and hands its files to loadEngine.
 */
export { openStore, type PageStore } from './store/browser/page.js'
export { BrowserStore } from './store/browser/open.js'
export { inBytes, nameOf } from './store/wording.js'
export { UserError } from './errors.js'

export type { BrowserPullOptions, BrowserStoreOptions, StorageState } from './store/browser/open.js'
export type { FileAddress, FileHash, FoundModel, ListedFile, Listing } from './store/listing.js'
export type { ModelReference, ModelSource } from './store/reference-types.js'
export type { FileProgress, PullProgress, Removed, StoredModel } from './store/store.js'
export type { ErrorDetail, NamedOption, OptionName, Remedy, UserErrorCode, Wording } from './errors.js'
