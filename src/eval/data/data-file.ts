import type { PublishedFile } from '../../store/data-files.js'

/** A file that documents of a task come from. */
export type DataFile = PublishedFile

/** Gets files of tasks, from wherever it has them. */
export type DataReader = (files: readonly DataFile[], signal?: AbortSignal) => Promise<Map<string, Uint8Array>>
