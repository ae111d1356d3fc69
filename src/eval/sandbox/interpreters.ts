import type { Interpreter } from './node-interpreter.js'

const WASM_PAGE = 64 << 10

/** QuickJS, which counts its own memory; each program gets a new one inside of the same process. */
export const JAVASCRIPT: Interpreter = {
  file: 'node-javascript.js',
  engine: 'quickjs-emscripten',
  reusable: true,
  flags: () => ['--stack-size=3900'],
}

/** CPython of Pyodide. Programs may change any module of it, so that a process runs one program and ends. */
export const PYTHON: Interpreter = {
  file: 'node-python.js',
  engine: 'pyodide',
  reusable: false,
  flags: ({ bytes }) => [`--wasm-max-mem-pages=${Math.ceil((bytes + (64 << 20)) / WASM_PAGE)}`, '--liftoff-only'],
}
