/**
 * Node's modules without an import, so that a bundler for browsers, where the files that ask for them are never used, finds
 * nothing to resolve.
 */
import type * as ChildProcess from 'node:child_process'
import type * as Crypto from 'node:crypto'
import type * as Fs from 'node:fs'
import type * as FsPromises from 'node:fs/promises'
import type * as Net from 'node:net'
import type * as Os from 'node:os'
import type * as Path from 'node:path'
import type * as Tls from 'node:tls'
import type * as Threads from 'node:worker_threads'
import type * as Zlib from 'node:zlib'

export type { Hash } from 'node:crypto'
export type { FileHandle } from 'node:fs/promises'

export type CryptoModule = typeof Crypto
export type FileModule = typeof Fs
export type Socket = Net.Socket

export const nodeChildProcess = (): typeof ChildProcess => process.getBuiltinModule('node:child_process')
export const nodeCrypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')
export const nodeFiles = (): typeof FsPromises => process.getBuiltinModule('node:fs/promises')
export const nodeFilesSync = (): typeof Fs => process.getBuiltinModule('node:fs')
export const nodeNet = (): typeof Net => process.getBuiltinModule('node:net')
export const nodeOs = (): typeof Os => process.getBuiltinModule('node:os')
export const nodePath = (): typeof Path => process.getBuiltinModule('node:path')
export const nodeTls = (): typeof Tls => process.getBuiltinModule('node:tls')
export const nodeThreads = (): typeof Threads => process.getBuiltinModule('node:worker_threads')
export const nodeZlib = (): typeof Zlib => process.getBuiltinModule('node:zlib')

/** `ENOENT` and the like. */
export function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
