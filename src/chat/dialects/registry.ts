import { deepseekV3, deepseekV31 } from './deepseek.js'
import type { Dialect } from './dialect.js'
import { dsmlV32, dsmlV4, dsmlV41 } from './dsml.js'
import { gemma4 } from './gemma.js'
import { glm45, glm47, longcat } from './glm.js'
import { harmony } from './harmony.js'
import { hermes } from './hermes.js'
import { kimiK2 } from './kimi-k2.js'
import { kimiK3 } from './kimi-k3.js'
import { llama3, llama4Json, llama4Pythonic } from './llama.js'
import { minimax } from './minimax.js'
import { minimaxM3 } from './minimax-m3.js'
import { mistral, mistralList } from './mistral.js'
import { qwenXml } from './qwen-xml.js'
import { think } from './think.js'

/** What tells a dialect. */
export interface DialectSigns {
  /** The chat template's text; undefined where the prompt is made by code. */
  readonly template: string | undefined
  /** model_type of the config. */
  readonly modelType: string
  /** True for a token of the vocabulary. */
  hasToken(token: string): boolean
}

/** Of models whose prompt is made by code, and where the template does not tell. */
const BY_MODEL_TYPE: Readonly<Record<string, Dialect>> = {
  deepseek_v32: dsmlV32,
  deepseek_v4: dsmlV4,
  deepseek_v41: dsmlV41,
  kimi_k3: kimiK3,
  kimi_k2: kimiK2,
  kimi_k25: kimiK2,
  gpt_oss: harmony,
}

interface Sign {
  readonly dialect: Dialect
  /** Of a template's text. */
  tells(template: string, signs: DialectSigns): boolean
}

/** A sign that stands in the template. The first that does decides, so the more particular come first. */
function text(dialect: Dialect, ...all: readonly string[]): Sign {
  return { dialect, tells: (template) => all.every((sign) => template.includes(sign)) }
}

const SIGNS: readonly Sign[] = [
  text(harmony, '<|channel|>', '<|message|>'),
  text(kimiK3, '<|open|>', '<|sep|>'),
  text(kimiK2, '<|tool_calls_section_begin|>'),
  text(kimiK2, '<|im_middle|>'),
  text(dsmlV41, '｜DSML｜ '),
  text(dsmlV32, '｜DSML｜', 'function_calls'),
  text(dsmlV4, '｜DSML｜'),
  text(minimaxM3, ']<]minimax[>['),
  text(minimax, '<minimax:tool_call>'),
  text(gemma4, '<|tool_call>'),
  text(longcat, '<longcat_tool_call>'),
  text(glm45, '<arg_key>', '</arg_key>\n<arg_value>'),
  text(glm47, '<arg_key>'),
  text(qwenXml, '<function=', '<parameter='),
  text(deepseekV3, '<｜tool▁calls▁begin｜>', '```json'),
  text(deepseekV31, '<｜tool▁calls▁begin｜>'),
  text(mistral, '[TOOL_CALLS]', '[ARGS]'),
  text(mistralList, '[TOOL_CALLS]'),
  text(mistral, '[THINK]'),
  text(hermes, '<tool_call>'),
  text(llama4Json, '<|header_start|>', '"parameters"'),
  text(llama4Pythonic, '<|header_start|>'),
  text(llama3, '<|start_header_id|>', 'ipython'),
]

/** The dialect that the model's answers are written in; plain reasoning tags where nothing tells another. */
export function chooseDialect(signs: DialectSigns): Dialect {
  const { template, modelType } = signs
  const told = template === undefined ? undefined : SIGNS.find((sign) => sign.tells(template, signs))?.dialect
  if (told) return told
  const known = Object.hasOwn(BY_MODEL_TYPE, modelType) ? BY_MODEL_TYPE[modelType] : undefined
  if (known) return known
  return signs.hasToken('[TOOL_CALLS]') ? mistral : think
}
