import { expect, it } from 'vitest'
import { checkingProgram } from '../../src/eval/livecodebench/program.js'
import { Sandbox } from '../../src/eval/sandbox/sandbox.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { fixture } from '../eval/scripted.js'

it('runs right and wrong answers to problems of our own, by standard input and by functions', async () => {
  const task = taskNamed('livecodebench_v6')
  const { items } = await task.read(new Map([['problems', fixture('livecodebench-own.jsonl')]]))
  const folder = new URL('../../dist/eval/sandbox/', import.meta.url)
  const sandbox = new Sandbox('python', { folder, ...task.codeLimits })
  const outcome = async (i: number, code: string): Promise<string> => {
    const answer = { text: `\`\`\`python\n${code}\n\`\`\``, calls: [], isCut: false }
    const { scores, extracted } = await task.score!(items[i]!, answer, { runner: sandbox })
    return `${scores['pass@1']} ${extracted.join()}`
  }
  try {
    expect(await outcome(0, 'a, b = map(int, input().split())\nprint(a + b)\nprint((a + b) / 2)')).toBe('1 passed')
    expect(
      await outcome(
        0,
        'def main():\n  s = sum(map(int, sys.stdin.buffer.read().split()))\n  print(s)\n  print(s / 2, "")\n  exit()\nif __name__ == "__main__":\n  main()',
      ),
    ).toBe('1 passed')
    expect(await outcome(0, 'a, b = map(int, input().split())\nprint(a + b)')).toMatch(
      /^0 failed: .*test 1 of 3: wrong output/,
    )
    expect(await outcome(0, 'print(8)\nprint(4)')).toMatch(/^0 failed: .*test 2 of 3: wrong output/)
    expect(await outcome(0, 'raise SystemExit(0)')).toMatch(/^0 failed: .*test 1 of 3/)
    expect(await outcome(0, 'import os\nos.system("true")\nprint(8)')).toMatch(/^0 /)
    const method = (body: string): string =>
      `class Solution:\n  def ends(self, numbers: List[int], word: str):\n    ${body}`
    expect(await outcome(1, method('return numbers[0], numbers[-1], len(word)'))).toBe('1 passed')
    expect(await outcome(1, method('return [numbers[0], 3, len(word)]'))).toMatch(
      /^0 failed: .*test 2 of 3: wrong result/,
    )
    expect(await outcome(1, 'def ends(numbers, word): return 1')).toMatch(/^0 failed: .*test 1 of 3/)
    expect(await outcome(1, 'def other(): return 1')).toMatch(/^0 failed: .*KeyError/)
    expect(await outcome(2, 'print(len(open(0).readlines()) if False else len(sys.stdin.readlines()))')).toBe(
      '1 passed',
    )
    // Deep recursion, and tests that are long.
    const deep = 'def down(n):\n  return 0 if n == 0 else 1 + down(n - 1)\n'
    expect(await outcome(2, `${deep}print(down(20000) - 20000 + len(list(sys.stdin)))`)).toBe('1 passed')
    const long = { input: 'line\n'.repeat(400_000), output: '400000' }
    const verdict = await sandbox.run(checkingProgram('print(sum(1 for _ in sys.stdin))', [long], undefined))
    expect(verdict).toEqual({ outcome: 'passed' })
  } finally {
    await sandbox.close()
  }
})
