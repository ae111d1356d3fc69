/** Programming problems in the form of HumanEval, and the programs that check answers. Chen et al., arXiv 2107.03374. */

export interface Problem {
  /** The beginning of the program: a signature, and what it shall do. */
  readonly prompt: string
  /** The name of the function that is asked for. */
  readonly entry: string
  /** In Python it defines `check`, which takes the function; in JavaScript it calls the function itself. */
  readonly test: string
}

export type ProgramLanguage = 'python' | 'javascript'

/** The program of an answer that goes on where the prompt ends. */
export function continued(problem: Problem, language: ProgramLanguage, answer: string): string {
  return checked(problem, language, problem.prompt + answer)
}

/**
 * The program of an answer that has the whole function. What the prompt has before that function (imports, functions that it may call)
 * comes first, since answers leave it out.
 */
export function whole(problem: Problem, language: ProgramLanguage, code: string): string {
  const { prompt, entry } = problem
  const at = language === 'python' ? prompt.lastIndexOf(`def ${entry}(`) : 0
  return checked(problem, language, at > 0 ? `${prompt.slice(0, at)}\n${code}` : code)
}

function checked({ test, entry }: Problem, language: ProgramLanguage, program: string): string {
  return `${program}\n${test}${language === 'python' ? `\ncheck(${entry})` : ''}`
}

/**
 * The code of an answer whose block of code has begun before it: what stands before the block's end. An answer that begins once more,
 * with words and a block of its own, has its code in that block.
 */
export function codeOf(answer: string): string {
  const [, own] = /```(?:python|py|python3|javascript|js)[^\S\n]*\n(.*?)(?:```|$)/s.exec(answer) ?? []
  return own ?? untilFence(answer)
}

/** What stands before the end of a block of code. */
export function untilFence(answer: string): string {
  const end = answer.indexOf('```')
  return end < 0 ? answer : answer.slice(0, end)
}
