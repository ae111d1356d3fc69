import type { ChatTemplate } from '../prompt.js'
import { deriveDialect } from './derive.js'
import type { Dialect } from './dialect.js'
import * as families from './families.js'
import { gemma4 } from './gemma.js'
import { harmony } from './harmony.js'
import { kimiK3 } from './kimi-k3.js'
import { llama3, llama4Json, llama4Pythonic } from './llama.js'
import { minimaxM3 } from './minimax-m3.js'

/** What tells a dialect. */
export interface DialectSigns {
  /** The chat template's text; undefined where the prompt is made by code. */
  readonly template: string | undefined
  /** model_type of the config. */
  readonly modelType: string
  /** True for a token of the vocabulary. */
  hasToken(token: string): boolean
  /** Renders the template: where it is of no known family, its calls tell their form. */
  readonly render?: ChatTemplate['render'] | undefined
}

/** Of models whose prompt is made by code, and where the template does not tell. */
const BY_MODEL_TYPE: Readonly<Record<string, Dialect>> = {
  deepseek_v32: families.dsmlV32,
  deepseek_v4: families.dsmlV4,
  deepseek_v41: families.dsmlV41,
  kimi_k3: kimiK3,
  kimi_k2: families.kimiK2,
  kimi_k25: families.kimiK2,
  gpt_oss: harmony,
}

interface Sign {
  readonly dialect: Dialect
  /** Of a template's text. */
  tells(template: string, signs: DialectSigns): boolean
}

/**
 * Signs that all stand in the template, whether its line ends are real or written `\\n`. The first sign that does decides, so the
 * more particular come first.
 */
function text(dialect: Dialect, ...all: readonly string[]): Sign {
  const written = all.map((sign) => [sign, sign.replaceAll('\n', '\\n')])
  return { dialect, tells: (template) => written.every((ways) => ways.some((sign) => template.includes(sign))) }
}

const SIGNS: readonly Sign[] = [
  text(harmony, '<|channel|>', '<|message|>'),
  text(families.muse, '<atem:function_calls>'),
  text(families.solar, '<|tool_call:begin|>'),
  text(kimiK3, '<|open|>', '<|sep|>'),
  text(families.kimiK2, '<|tool_calls_section_begin|>'),
  text(families.kimiK2, '<|im_middle|>'),
  text(families.dsmlV41, '｜DSML｜ '),
  text(families.dsmlV32, '｜DSML｜', 'function_calls'),
  text(families.dsmlV4, '｜DSML｜'),
  text(minimaxM3, ']<]minimax[>['),
  text(families.minimax, '<minimax:tool_call>'),
  text(families.minimaxM1, '<tool_calls>\n', '<beginning_of_sentence>'),
  text(families.apriel, '<tool_calls>', '[BEGIN FINAL RESPONSE]'),
  text(gemma4, '<|tool_call>'),
  text(families.longcat, '<longcat_tool_call>'),
  text(families.hy3, '<tool_sep', '<arg_key'),
  text(families.glm45, '<arg_key>', '</arg_key>\n<arg_value>'),
  text(families.glm47, '<arg_key>'),
  text(families.seed, '<seed:tool_call>'),
  text(families.qwenXml, '<function=', '<parameter='),
  text(families.functionaryV31, '<function=', '</function>', '<|start_header_id|>'),
  text(families.functionaryV32, '>>>all'),
  text(families.minicpm5, '<function name="', '<param name="'),
  text(families.deepseekV3, '<｜tool▁calls▁begin｜>', '```json'),
  text(families.deepseekV31, '<｜tool▁calls▁begin｜>'),
  text(families.mistralId, '[TOOL_CALLS]', '[CALL_ID]'),
  text(families.mistral, '[TOOL_CALLS]', '[ARGS]'),
  text(families.mistralList, '[TOOL_CALLS]'),
  text(families.mistral, '[THINK]'),
  text(families.nemotronV2, '<TOOLCALL>'),
  text(families.apertus, '<|tools_prefix|>'),
  text(families.commandR7b, '<|START_ACTION|>', '<|START_RESPONSE|>'),
  text(families.cohere2Moe, '<|START_ACTION|>'),
  text(families.commandRPlus, 'Action:', '"tool_name"'),
  text(families.gigachat31, '<|function_call|>', '<|role_sep|>'),
  text(families.gigachat3, 'function call', '<|role_sep|>'),
  text(families.lfm2, '<|tool_call_start|>'),
  text(families.lfm2, '<|tool_list_start|>'),
  text(families.lfm2, '"List of tools: ["'),
  text(families.granite33, '<|tool_call|>', '<|start_of_role|>'),
  text(families.firefunction, 'functools['),
  text(families.hermes, '<tool_call>'),
  text(llama4Json, '<|header_start|>', '"parameters"'),
  text(llama4Pythonic, '<|header_start|>'),
  text(llama3, '<|start_header_id|>', 'ipython'),
]

/** The dialect that the model's answers are written in; plain reasoning tags where nothing tells another, and the template writes no calls. */
export function chooseDialect(signs: DialectSigns): Dialect {
  const { template, modelType } = signs
  const told = template === undefined ? undefined : SIGNS.find((sign) => sign.tells(template, signs))?.dialect
  if (told) return told
  const known = Object.hasOwn(BY_MODEL_TYPE, modelType) ? BY_MODEL_TYPE[modelType] : undefined
  if (known) return known
  if (signs.hasToken('[TOOL_CALLS]')) return families.mistral
  return (signs.render && deriveDialect({ render: signs.render })) ?? families.think
}
