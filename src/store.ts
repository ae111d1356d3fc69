/*
 * kaiyuan/store: models by their names. It fetches them from the hubs into the cache that Python's tools use, finds what is
 * there, and deletes it.
 */
export { openStore } from './store/open.js'
export { catalogue } from './store/names/catalogue.js'
export { nearestNames } from './store/names/named.js'
export { parseReference } from './store/names/reference.js'
export { inBytes, nameOf } from './store/wording.js'
export { UserError } from './errors.js'

export type { FileAddress, FileHash, FoundModel, ListedFile, Listing } from './store/listing.js'
export type { CatalogueModel } from './store/names/catalogue.js'
export type { PackagedModel } from './store/names/packaged.js'
export type { ModelReference, ModelSource } from './store/reference-types.js'
export type {
  CheckedFile,
  Environment,
  Fetch,
  FileProgress,
  Hub,
  HubOptions,
  PruneOptions,
  PullOptions,
  PullProgress,
  Removed,
  SearchOptions,
  Store,
  StoredModel,
  StoreOptions,
  VerifyOptions,
} from './store/store.js'
export type { Patience } from './store/network/patience.js'
export type { ErrorDetail, NamedOption, OptionName, Remedy, UserErrorCode, Wording } from './errors.js'
