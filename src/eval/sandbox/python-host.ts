/**
 * The functions of the host that a WebAssembly module of Emscripten imports, closed but for some. They are one object, which the module
 * and its own look-up of names (`dlsym`) both read.
 */

/** The program asked for something that it may not. */
export class HostCallError extends Error {}
export class OutOfTimeError extends Error {}

export interface Host {
  /** From now on only what is open can be called, as long as the time is not over. */
  close(isOver: () => boolean): void
}

/** The interpreter's loop calls it now and then. */
const SIGNALS = '_Py_CheckEmscriptenSignals_Helper'
/** A call of the system that is not there: Python raises OSError. */
const ENOSYS = 52

/**
 * What CPython needs to run: files, which lie in memory; clocks; random bytes; memory; calls through the table of WebAssembly functions.
 * Found by counting calls under the canonical solutions of HumanEval and imports of the standard library's modules.
 */
const OPEN = new Set([
  ...[
    'openat',
    'stat64',
    'fstat64',
    'lstat64',
    'newfstatat',
    'faccessat',
    'getdents64',
    'readlinkat',
    'getcwd',
    'chdir',
  ]
    .concat('mkdirat', 'rmdir', 'unlinkat', 'renameat', 'symlinkat', 'truncate64', 'ftruncate64', 'fcntl64', 'ioctl')
    .concat('dup', 'dup3', 'chmod', 'fchmod', 'utimensat', 'getuid32_js', 'umask_js')
    .map((name) => `__syscall_${name}`),
  ...['close', 'read', 'write', 'pread', 'pwrite', 'seek', 'sync', 'fdstat_get'].map((name) => `fd_${name}`),
  ...['clock_res_get', 'clock_time_get', 'emscripten_date_now', 'emscripten_get_now'],
  ...['_tzset_js', '_timegm_js', '_mktime_js', '_localtime_js', '_gmtime_js'],
  ...['random_get', 'environ_get', 'environ_sizes_get'],
  ...['emscripten_resize_heap', 'emscripten_get_heap_max', '_mmap_js', '_munmap_js', '_msync_js'],
  ...['_PyEM_TrampolineCall_JS', '_Py_emscripten_runtime', SIGNALS],
])

type HostFunction = (...args: unknown[]) => unknown

/** Makes the next module that is instantiated one whose host can be closed. @throws where it imports nothing that could be */
export function closeHost(): Host {
  let isOver: (() => boolean) | undefined
  const instantiate = WebAssembly.instantiate.bind(WebAssembly)
  const guard = (name: string, original: HostFunction): HostFunction => {
    if (name === SIGNALS)
      return function (this: unknown, ...args) {
        if (isOver?.()) throw new OutOfTimeError('out of time')
        return original.apply(this, args)
      }
    const guarded: HostFunction = function (this: unknown, ...args) {
      if (isOver === undefined) return original.apply(this, args)
      if (name.startsWith('__syscall_')) return -ENOSYS
      throw new HostCallError(`the program asked for ${name} of its host, which is not here`)
    }
    // Emscripten writes how a function is called next to it.
    return Object.assign(guarded, original)
  }
  const guardAll = (functions: Record<string, unknown>): void => {
    for (const [name, value] of Object.entries(functions))
      if (typeof value === 'function' && (name === SIGNALS || !OPEN.has(name)))
        functions[name] = guard(name, value as HostFunction)
  }
  const guarded = (source: BufferSource | WebAssembly.Module, imports: WebAssembly.Imports = {}): Promise<unknown> => {
    if (imports.env !== undefined) {
      WebAssembly.instantiate = instantiate
      for (const functions of new Set([imports.env, imports.wasi_snapshot_preview1 ?? imports.env])) guardAll(functions)
    }
    return instantiate(source as BufferSource, imports)
  }
  WebAssembly.instantiate = guarded as typeof WebAssembly.instantiate
  // It would go past the other one.
  WebAssembly.instantiateStreaming = () => Promise.reject(new Error('not here'))
  return { close: (over) => void (isOver = over) }
}
