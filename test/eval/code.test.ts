import { expect, it } from 'vitest'
import { codeOf, continued, untilFence, whole, type Problem } from '../../src/eval/code/problem.js'
import { asItIs, asScript, begun } from '../../src/eval/code/prompts.js'

const HALF: Problem = {
  prompt: 'import math\n\n\ndef lower(x):\n    return math.floor(x)\n\n\ndef half(x):\n    """Half of x."""\n',
  entry: 'half',
  test: 'def check(candidate):\n    assert candidate(4) == 2\n',
}
const DOUBLE: Problem = {
  prompt: '/* Twice x. */\nconst double = (x) => {\n',
  entry: 'double',
  test: 'console.assert(double(2) === 4)',
}

it('makes the program of an answer that goes on, as HumanEval does', () => {
  expect(continued(HALF, 'python', '    return x / 2')).toBe(
    `${HALF.prompt}    return x / 2\n${HALF.test}\ncheck(half)`,
  )
  expect(continued(DOUBLE, 'javascript', '  return 2 * x\n}')).toBe(`${DOUBLE.prompt}  return 2 * x\n}\n${DOUBLE.test}`)
})

it('makes the program of a whole function, after what it may call', () => {
  const code = 'def half(x):\n    return lower(x / 2)'
  const before = 'import math\n\n\ndef lower(x):\n    return math.floor(x)\n\n\n'
  expect(whole(HALF, 'python', code)).toBe(`${before}\n${code}\n${HALF.test}\ncheck(half)`)
  expect(whole({ ...HALF, prompt: HALF.prompt.slice(HALF.prompt.indexOf('def half')) }, 'python', code)).toBe(
    `${code}\n${HALF.test}\ncheck(half)`,
  )
  expect(whole(DOUBLE, 'javascript', 'const double = (x) => 2 * x')).toBe(`const double = (x) => 2 * x\n${DOUBLE.test}`)
})

it.each([
  ['what stands before the end of the block', 'def f(): pass\n```\nIt passes.', 'def f(): pass\n'],
  ['all of an answer without an end', 'def f(): pass', 'def f(): pass'],
  ['a block of its own, where the answer begins anew', 'Sure:\n```python\ndef f(): pass\n```\n', 'def f(): pass\n'],
  ['a block that was cut off', 'Sure:\n```js\nconst f = 1', 'const f = 1'],
  ['the first of two blocks', '```python\na = 1\n```\nor\n```python\na = 2\n```', 'a = 1\n'],
])('reads the code of an answer: %s', (_, answer, code) => {
  expect(codeOf(answer)).toBe(code)
})

it('asks in the words of lm-evaluation-harness and of EvalPlus', () => {
  expect(asItIs(HALF, 'python')).toMatchObject({
    question: HALF.prompt,
    stop: ['\nclass', '\ndef', '\n#', '\nif', '\nprint'],
  })
  expect(asItIs(DOUBLE, 'javascript').question).toBe(DOUBLE.prompt)
  expect(begun(HALF)).toMatchObject({
    question: `Write a solution to the following problem and make sure that it passes the tests:\n\`\`\`python\n${HALF.prompt}\n\`\`\`\n`,
    beginning: `Here is the completed function:\n\`\`\`python\n${HALF.prompt}\n`,
  })
  expect(asScript(HALF, 'python')).toMatchObject({
    question: `Please provide a self-contained Python script that solves the following problem in a markdown code block:\n\`\`\`\n${HALF.prompt.trim()}\n\`\`\`\n`,
    beginning:
      'Below is a Python script with a self-contained function that solves the problem and passes corresponding tests:\n```python\n',
  })
  expect(untilFence('    return 1\n```\nDone')).toBe('    return 1\n')
})
