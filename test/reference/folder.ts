import { join } from 'node:path'

/**
 * Other people's files, and golden checkpoints of other seeds, which are not ours to keep in the project: `npm run
 * test:reference` runs the tests of this folder against them. The configuration has checked that the folder is there.
 */
const FOLDER = process.env['KAIYUAN_REFERENCE'] ?? ''

/** The path of a file or folder in the reference folder. */
export const reference = (...parts: string[]): string => join(FOLDER, ...parts)
