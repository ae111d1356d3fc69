import type { Dialect } from '../../src/chat/dialects/dialect.js'
import * as families from '../../src/chat/dialects/families.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { llama3, llama4Json, llama4Pythonic } from '../../src/chat/dialects/llama.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'

export const DIALECTS: readonly Dialect[] = [
  ...[gemma4, harmony, kimiK3, llama3, llama4Json, llama4Pythonic, minimaxM3],
  ...Object.values(families),
]

/** What a prompt ends with, where the family's answers continue from it. */
const PROMPT_ENDS: Readonly<Record<string, string>> = {
  'functionary-3.2': '>>>',
  muse: '<|start|>assistant',
  solar: '<|begin|>assistant',
}
export const promptEnd = ({ name }: Dialect): string => PROMPT_ENDS[name] ?? ''
