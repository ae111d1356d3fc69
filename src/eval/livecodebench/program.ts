/**
 * The program that checks an answer: it runs it with each test, and throws at the first that fails. What counts as right is as in
 * LiveCodeBench's own runner: results of functions are equal, tuples being lists; lines of output are equal without the spaces around
 * them, or as decimal numbers.
 */
import type { ProblemTest } from './tests.js'

/** Modules that answers may use without importing them. */
const STARS = [
  ...[
    'string',
    're',
    'datetime',
    'collections',
    'heapq',
    'bisect',
    'copy',
    'math',
    'random',
    'statistics',
    'itertools',
  ],
  ...['functools', 'operator', 'io', 'sys', 'json', 'builtins', 'typing'],
]
const PLAIN = STARS.filter((name) => name !== 'builtins' && name !== 'typing')
const RECURSION = 'sys.setrecursionlimit(50000)\n'
const PRELUDE = [
  ...STARS.map((name) => `from ${name} import *`),
  ...PLAIN.map((name) => `import ${name}`),
  RECURSION,
].join('\n')

/** @param functionName of a problem that asks for a function; else programs read standard input */
export function checkingProgram(code: string, tests: readonly ProblemTest[], functionName: string | undefined): string {
  const given = tests.map(({ input, output }) => [input, output])
  // A text in JSON is one in Python.
  return `import json as _json
_code = compile(${quoted(PRELUDE + code)}, 'answer.py', 'exec')
_tests = _json.loads(${quoted(JSON.stringify(given))})
${functionName === undefined ? WITH_INPUT : withFunction(functionName, code)}`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function withFunction(name: string, code: string): string {
  return `
_names = {'__name__': 'answer'}
exec(_code, _names)
_method = ${code.includes('class Solution') ? `getattr(_names['Solution'](), ${quoted(name)})` : `_names[${quoted(name)}]`}
for _number, (_input, _expected) in enumerate(_tests):
    _found = _method(*[_json.loads(_line) for _line in _input.split('\\n')])
    if isinstance(_found, tuple):
        _found = list(_found)
    if not _found == _json.loads(_expected):
        raise AssertionError(f'test {_number + 1} of {len(_tests)}: wrong result')
`
}

const WITH_INPUT = `
import io as _io, sys as _sys
from decimal import Decimal as _Decimal
def _lines(text):
    return [line.strip() for line in text.strip().split('\\n')]
def _same(found, expected):
    if found == expected:
        return True
    try:
        return [_Decimal(one) for one in found.split()] == [_Decimal(one) for one in expected.split()]
    except Exception:
        return False
_stdin, _stdout = _sys.stdin, _sys.stdout
for _number, (_input, _expected) in enumerate(_tests):
    _bytes = _io.BytesIO()
    _sys.stdin = _io.TextIOWrapper(_io.BytesIO(_input.encode()), 'utf-8')
    _sys.stdout = _io.TextIOWrapper(_bytes, 'utf-8', newline='\\n')
    try:
        exec(_code, {'__name__': '__main__'})
    except SystemExit:
        pass
    finally:
        _written = _sys.stdout
        _sys.stdin, _sys.stdout = _stdin, _stdout
    _written.flush()
    _found, _right = _lines(_bytes.getvalue().decode()), _lines(_expected)
    if len(_found) != len(_right) or not all(map(_same, _found, _right)):
        raise AssertionError(f'test {_number + 1} of {len(_tests)}: wrong output')
`
