import type { ChatTemplate } from '../prompt.js'
import { deepseekV32Prompt } from './deepseek-v32.js'
import { deepseekV41Prompt, deepseekV4Prompt } from './deepseek-v4.js'
import { kimiK3Prompt } from './kimi-k3.js'

/** Models whose lab publishes an encoder in Python instead of a template. */
const PROMPTS: Readonly<Record<string, ChatTemplate>> = {
  deepseek_v32: deepseekV32Prompt,
  deepseek_v4: deepseekV4Prompt,
  deepseek_v41: deepseekV41Prompt,
  kimi_k3: kimiK3Prompt,
}

/** The prompt that is made by code, by the config's model_type; undefined where there is none. */
export function codedPrompt(modelType: unknown): ChatTemplate | undefined {
  return typeof modelType === 'string' && Object.hasOwn(PROMPTS, modelType) ? PROMPTS[modelType] : undefined
}
