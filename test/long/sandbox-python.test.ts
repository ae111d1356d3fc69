import { afterAll, describe, expect, it } from 'vitest'
import { Sandbox } from '../../src/eval/sandbox/sandbox.js'

const FOLDER = new URL('../../dist/eval/sandbox/', import.meta.url)
const MEMORY = 96 << 20

describe('a sandbox for Python', () => {
  const sandbox = new Sandbox('python', { folder: FOLDER, bytes: MEMORY, seconds: 60 })
  afterAll(() => sandbox.close())

  const failure = async (program: string): Promise<string> => {
    const verdict = await sandbox.run(program)
    return verdict.outcome === 'failed' ? verdict.error : verdict.outcome
  }

  it('says passed where a program reaches its end, and what it raised where not', async () => {
    const modules = 'import typing, math, re, collections, hashlib, random, datetime, heapq, itertools, statistics'
    expect(await failure(`${modules}\nassert hashlib.md5(b"a").hexdigest()[:4] == "0cc1"`)).toBe('passed')
    expect(await failure('def f(n): return n and 1 + f(n - 1)\nassert f(900) == 900')).toBe('passed')
    expect(await failure('assert 1 == 2, "one\\ntwo"')).toBe('AssertionError: one\ntwo')
    expect(await failure('def f(:')).toMatch(/^SyntaxError: /)
    expect(await failure('def f(n): return f(n)\nf(0)')).toMatch(/^RecursionError: /)
    expect(await failure('raise BaseException')).toBe('BaseException')
  })

  it('gives a program an empty namespace, in which it is not the main one', async () => {
    expect(await failure('assert __name__ != "__main__" and set(globals()) == {"__builtins__"}')).toBe('passed')
  })

  it.each([
    ['sys.exit', 'import sys\nsys.exit(0)', 'RuntimeError: the program ended itself (SystemExit)'],
    ['exit', 'exit()', 'RuntimeError: the program ended itself (SystemExit)'],
    ['os._exit', 'import os\nos._exit(0)', /of its host/],
    ['os.abort', 'import os\nos.abort()', /of its host/],
    ['a signal', 'import os\nos.kill(os.getpid(), 9)', /of its host/],
    ['a hook', 'import sys\nsys.excepthook = lambda *_: None\nassert False', /./],
    ['a stream', 'import sys\nsys.stderr = None\nprint("passed")\nassert False', /./],
    ['code at the end', 'import atexit\natexit.register(print, "passed")\nassert False', 'AssertionError'],
  ])('takes no end for a pass that is none: %s', async (_, program, expected) => {
    const said = await failure(program)
    expect(said).not.toBe('passed')
    expect(said).toMatch(expected)
  })

  it.each([
    ['a file', 'open("/etc/passwd")', /^FileNotFoundError/],
    ['its own file', 'import os\nopen(os.path.abspath("/proc/self/exe"))', /^FileNotFoundError/],
    [
      'the environment',
      'import os\nassert not {"HOME", "USER"} & {k for k, v in os.environ.items() if v not in ("web_user", "/" + "home/pyodide")}',
      'passed',
    ],
    ['the network', 'import socket\nsocket.socket().connect(("127.0.0.1", 80))', /^OSError/],
    ['a name on the network', 'import socket\nsocket.getaddrinfo("localhost", 80)', /getaddrinfo/],
    ['an address', 'import urllib.request\nurllib.request.urlopen("http://127.0.0.1:1")', /./],
    ['a shell', 'import os\nos.system("true")', /_emscripten_system/],
    ['a process', 'import subprocess\nsubprocess.run(["true"])', /^OSError/],
    ['a fork', 'import os\nwhile True: os.fork()', /^OSError/],
    ['threads', 'import threading\nwhile True: threading.Thread(target=print).start()', /^RuntimeError/],
    ['JavaScript', 'import js', /^ModuleNotFoundError/],
    ['the interpreter', 'import pyodide_js', /^ModuleNotFoundError/],
    ['code of JavaScript', 'from pyodide.code import run_js\nrun_js("1")', /^ModuleNotFoundError|^ImportError|Js/],
    [
      'a value of JavaScript',
      'from pyodide.ffi import to_js\nto_js([1]).constructor.constructor("return process")()',
      /JsvArray_New/,
    ],
    ['functions by their names', 'import ctypes\nctypes.CDLL(None).emscripten_run_script', /of its host/],
    ['a library', 'import ctypes\nctypes.CDLL("/lib/x.so")', /of its host/],
  ])('has nothing of the host: %s', async (_, program, expected) => {
    expect(await failure(program)).toMatch(expected)
  })

  it('leaves nothing to the next program', async () => {
    await sandbox.run('import math, builtins\nmath.sqrt = builtins.len = lambda *_: 7\nopen("/left", "w").write("1")')
    expect(
      await failure('import math, os\nassert math.sqrt(4) == 2 and len([]) == 0 and not os.path.exists("/left")'),
    ).toBe('passed')
  })

  it('stops what takes too much memory', async () => {
    for (const hog of ['x = []\nwhile True: x.append("a" * 10**6)', 'x = bytearray(10**9)', 'x = "a" * 10**9'])
      expect(await sandbox.run(hog)).toEqual({ outcome: 'out of memory', bytes: MEMORY })
  })
})

it('ends programs that do not end, in the loop of the interpreter and in a function of C', async () => {
  const sandbox = new Sandbox('python', { folder: FOLDER, seconds: 1 })
  try {
    for (const loop of [
      'while True: pass',
      'while True:\n  try:\n    while True: pass\n  except BaseException: pass',
      'sum(range(10**12))',
    ])
      expect(await sandbox.run(loop)).toEqual({ outcome: 'timed out', seconds: 1 })
  } finally {
    await sandbox.close()
  }
})
