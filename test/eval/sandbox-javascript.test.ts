import { afterAll, describe, expect, it } from 'vitest'
import { Sandbox } from '../../src/eval/sandbox/sandbox.js'
import type { Verdict } from '../../src/eval/sandbox/verdict.js'

const FOLDER = new URL('../../dist/eval/sandbox/', import.meta.url)

describe('a sandbox for JavaScript', () => {
  const sandbox = new Sandbox('javascript', { folder: FOLDER, bytes: 8 << 20 })
  afterAll(() => sandbox.close())

  const failure = async (program: string): Promise<string> => {
    const verdict = await sandbox.run(program)
    return verdict.outcome === 'failed' ? verdict.error : verdict.outcome
  }

  it('says passed where a program reaches its end, and what it threw where not', async () => {
    expect(await sandbox.run('const double = (x) => 2 * x\nconsole.assert(double(2) === 4)')).toEqual({
      outcome: 'passed',
    })
    expect(await failure('console.assert([1].length === 2, "length")')).toBe('Error: Assertion failed: length')
    expect(await failure('let x = ')).toMatch(/^SyntaxError: /)
    expect(await failure('throw 1')).toBe('threw 1')
    expect(await failure('throw { toString() { throw 1 } }')).toBe('threw an object')
    expect(await failure('Promise.resolve().then(() => missing)')).toBe('passed')
  })

  it.each([
    ['a file', 'require("fs").readFileSync("/etc/passwd")', /^ReferenceError: /],
    ['a module', 'import("node:fs").then(() => 0)\nimport.meta', /^SyntaxError: /],
    ['the network', 'fetch("http://127.0.0.1")', /^ReferenceError: /],
    ['the process', 'process.exit(0)', /^ReferenceError: /],
    ['a worker', 'new Worker("x")', /^ReferenceError: /],
    ['the host by its functions', 'console.log.constructor("return process")()', /^ReferenceError: /],
    [
      'the host by an error',
      '(() => { try { null.x } catch (e) { return e.constructor.constructor("return process")() } })()',
      /^ReferenceError: /,
    ],
  ])('has nothing of the host: %s', async (_, program, expected) => {
    expect(await failure(program)).toMatch(expected)
  })

  it.each([
    ['recursion', 'const f = () => f() + 1\nf()'],
    ['depth of a text', 'JSON.parse("[".repeat(1e6))'],
    ['depth of an expression', 'eval("(".repeat(1e5) + "1")'],
  ])('survives too much %s', async (_, program) => {
    expect(await failure(program)).toMatch(/stack|nest/i)
  })

  it('keeps what tests are written with, whatever a program does to it', async () => {
    for (const attack of [
      'console.assert = () => 0',
      'console = { assert() {} }',
      'Object.defineProperty(globalThis, "console", { value: { assert() {} } })',
      'Object.prototype.assert = () => 0; delete console.assert',
      'var console = { assert() {} }',
    ])
      expect(await failure(`try { (0, eval)(${JSON.stringify(attack)}) } catch {}\nconsole.assert(false)`)).toBe(
        'Error: Assertion failed',
      )
    expect(await failure('console.log("passed")\nconsole.assert(false)')).toBe('Error: Assertion failed')
    expect(await failure('let console = { assert() {} }\nconsole.assert(false)')).toMatch(/^SyntaxError: /)
  })

  it('leaves nothing to the next program', async () => {
    await sandbox.run('globalThis.left = 1; Array.prototype.map = () => "mine"; Object.prototype.left = 1')
    expect(await sandbox.run('console.assert(typeof left === "undefined" && [1].map((x) => x + 1)[0] === 2)')).toEqual({
      outcome: 'passed',
    })
  })

  it('stops what takes too much memory', async () => {
    const hogs = [
      'const all = []\nfor (let i = 0; ; i++) all.push(i)',
      '"x".repeat(1 << 29)',
      'new ArrayBuffer(1 << 30)',
    ]
    for (const hog of hogs) expect(await sandbox.run(hog)).toEqual({ outcome: 'out of memory', bytes: 8 << 20 })
  })
})

it('ends programs that do not end, and continues with the next', async () => {
  const sandbox = new Sandbox('javascript', { folder: FOLDER, seconds: 0.05 })
  const late: Verdict = { outcome: 'timed out', seconds: 0.05 }
  try {
    for (const loop of [
      'while (true);',
      'const again = () => Promise.resolve().then(again)\nagain()',
      '/(a+)+$/.test("a".repeat(40) + "b")',
    ])
      expect(await sandbox.run(loop)).toEqual(late)
    const [first, second] = [sandbox.run('for (;;) try { for (;;); } catch {}'), sandbox.run('1')]
    expect(await Promise.all([first, second])).toEqual([late, { outcome: 'passed' }])
  } finally {
    await sandbox.close()
  }
})

it('says what is missing, and that a closed one runs nothing', async () => {
  const closed = new Sandbox('javascript', { folder: FOLDER })
  await closed.close()
  expect(await closed.run('1')).toEqual({ outcome: 'not run', reason: 'the sandbox is closed' })
  const elsewhere = new Sandbox('javascript', { folder: new URL('file:///nowhere/sandbox/') })
  expect(await elsewhere.run('1')).toEqual({
    outcome: 'not run',
    reason:
      'it needs the package quickjs-emscripten, which is not installed; run npm install quickjs-emscripten next to kaiyuan',
  })
})
