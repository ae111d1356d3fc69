/** How problems are asked, each in a published form. */
import type { Problem, ProgramLanguage } from './problem.js'

export interface CodePrompt {
  readonly question: string
  /** Of the answer, which goes on with it. */
  readonly beginning?: string
  readonly stop: readonly string[]
  readonly maxTokens: number
}

/** Where a function is over: `humaneval` of lm-evaluation-harness for Python, MultiPL-E for JavaScript. */
const STOPS: Readonly<Record<ProgramLanguage, readonly string[]>> = {
  python: ['\nclass', '\ndef', '\n#', '\nif', '\nprint'],
  javascript: ['\nfunction ', '\n/*', '\n//', '\nconsole.log'],
}

/** The prompt as it is, for a model that goes on with texts. `humaneval` 1.0 of lm-evaluation-harness 0.4.13. */
export function asItIs({ prompt }: Problem, language: ProgramLanguage): CodePrompt {
  return { question: prompt, stop: STOPS[language], maxTokens: 1024 }
}

/** `humaneval_instruct` 4.0 of lm-evaluation-harness 0.4.13: the block of code has begun with the prompt. */
export function begun({ prompt }: Problem): CodePrompt {
  return {
    question: `Write a solution to the following problem and make sure that it passes the tests:\n\`\`\`python\n${prompt}\n\`\`\`\n`,
    beginning: `Here is the completed function:\n\`\`\`python\n${prompt}\n`,
    stop: STOPS.python,
    maxTokens: 1024,
  }
}

const NAMES: Readonly<Record<ProgramLanguage, string>> = { python: 'Python', javascript: 'JavaScript' }
const SCRIPT_STOPS: Readonly<Record<ProgramLanguage, readonly string[]>> = {
  python: ['\nif __name__', '\ndef main(', '\nprint(', '\n```\n'],
  javascript: ['\nconsole.log(', '\n```\n'],
}

/** As EvalPlus 0.3.1 asks instructed models for a script; labs report their coders so (Qwen2.5-Coder among them). */
export function asScript({ prompt }: Problem, language: ProgramLanguage): CodePrompt {
  const name = NAMES[language]
  const asked = `Please provide a self-contained ${name} script that solves the following problem in a markdown code block:`
  const answered = `Below is a ${name} script with a self-contained function that solves the problem and passes corresponding tests:`
  return {
    question: `${asked}\n\`\`\`\n${prompt.trim()}\n\`\`\`\n`,
    beginning: `${answered}\n\`\`\`${language}\n`,
    stop: SCRIPT_STOPS[language],
    maxTokens: 768,
  }
}
