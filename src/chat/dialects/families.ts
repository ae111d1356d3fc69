/** Families whose answers are written in one frame, as data. Those that need code of their own are in files of their own. */
import { dialectOf } from './answer.js'
import type { CallForm, ThinkTags } from './written.js'

const NAME_AND_ARGUMENTS = '{"name": "$name", "arguments": $arguments}'
const MISTRAL_THINK: ThinkTags = { open: '[THINK]', close: '[/THINK]' }

/** `<think>` ... `</think>` before the answer; the prompt may have opened it. No calls. */
export const think = dialectOf({ name: 'think' })

const HERMES: CallForm = { call: `<tool_call>\n${NAME_AND_ARGUMENTS}\n</tool_call>`, between: '\n' }

/** Qwen2.5, Qwen3 and many others: `<tool_call>` with a JSON object of name and arguments. NousResearch's Hermes. */
export const hermes = dialectOf({ name: 'hermes', calls: [HERMES] })

const QWEN_PARAMETER = { parameter: '<parameter=$key>\n$value\n</parameter>\n', untyped: 'string' } as const

/**
 * Qwen3-Coder, Qwen3.5 and later, Nemotron 3, Step 3.5: tags for the function and for each parameter, whose values are raw
 * text. The tools' schemas say which of them are strings. The outer tag is sometimes left out.
 */
export const qwenXml = dialectOf({
  name: 'qwen-xml',
  calls: [
    { call: '<tool_call>\n<function=$name>\n$arguments</function>\n</tool_call>', between: '\n', ...QWEN_PARAMETER },
    HERMES,
    { call: '<function=$name>\n$arguments</function>\n</tool_call>', ...QWEN_PARAMETER },
  ],
})

export const seed = dialectOf({
  name: 'seed',
  thought: { open: '<seed:think>', close: '</seed:think>' },
  calls: [
    {
      call: '<seed:tool_call>\n<function=$name>\n$arguments</function>\n</seed:tool_call>',
      parameter: '<parameter=$key>$value</parameter>\n',
      untyped: 'string',
      between: '\n',
    },
  ],
  stopMarkers: ['<seed:eos>'],
})

/** MiniCPM5: a value with markup in it is a CDATA section. */
export const minicpm5 = dialectOf({
  name: 'minicpm-5',
  calls: [
    {
      call: '<function name="$name">$arguments</function>',
      parameter: '<param name="$key">$value</param>',
      between: '\n',
      untyped: 'json',
    },
  ],
})

/**
 * GLM 4.5 and later, and others: the function's name, then keys and values in tags of their own; strings are raw text, all
 * else is JSON. 4.5 and 4.6 put each on a line, later ones do not.
 */
function argumentTags(tag: (name: string) => string, line: string, afterName = line): CallForm {
  const [key, value] = [tag('arg_key'), tag('arg_value')]
  return {
    call: `<${tag('tool_call')}>$name${afterName}$arguments</${tag('tool_call')}>`,
    parameter: `<${key}>$key</${key}>${line}<${value}>$value</${value}>${line}`,
    between: line,
  }
}

const GLM_ENDS = ['<|endoftext|>', '<|user|>', '<|observation|>']
const plain = (name: string): string => name
const longcatTag = (name: string): string => `longcat_${name}`
const openSource = (name: string): string => `${name}:opensource`

export const glm45 = dialectOf({ name: 'glm-4.5', calls: [argumentTags(plain, '\n')], stopMarkers: GLM_ENDS })
export const glm47 = dialectOf({ name: 'glm-4.7', calls: [argumentTags(plain, '')], stopMarkers: GLM_ENDS })
export const longcat = dialectOf({
  name: 'longcat',
  thought: { open: '<longcat_think>', close: '</longcat_think>' },
  calls: [argumentTags(longcatTag, '\n')],
})
/** Tencent's Hy3: a section around the calls, and a mark after the name. */
export const hy3 = dialectOf({
  name: 'hy-3',
  thought: { open: '<think:opensource>', close: '</think:opensource>' },
  calls: [
    {
      begin: '<tool_calls:opensource>\n',
      ...argumentTags(openSource, '\n', '<tool_sep:opensource>\n'),
      end: '\n</tool_calls:opensource>',
    },
    argumentTags(openSource, '\n', '<tool_sep:opensource>\n'),
  ],
  stopMarkers: ['<｜hy_eos:opensource｜>'],
})

/** Tags of the form `<P invoke name="f">` and `<P parameter name="k">`; P is the family's prefix. */
function invocations(prefix: string, block: string, string = ''): CallForm {
  return {
    begin: `<${prefix}${block}>\n`,
    call: `<${prefix}invoke name="$name">\n$arguments</${prefix}invoke>\n`,
    parameter: `<${prefix}parameter name="$key"${string}>$value</${prefix}parameter>\n`,
    end: `</${prefix}${block}>`,
    looseLines: true,
  }
}

/** DeepSeek V3.2 and later: tags with a mark that no text holds; parameters say whether they are strings. */
function dsml(prefix: string, block: string): CallForm[] {
  const form = invocations(prefix, block, ' string="$string"')
  return [{ ...form, begin: `\n\n${form.begin}` }]
}

export const dsmlV32 = dialectOf({ name: 'dsml-v3.2', calls: dsml('｜DSML｜', 'function_calls') })
export const dsmlV4 = dialectOf({ name: 'dsml-v4', calls: dsml('｜DSML｜', 'tool_calls') })
/** V4.1 puts a space after the mark. */
export const dsmlV41 = dialectOf({ name: 'dsml-v4.1', calls: dsml('｜DSML｜ ', 'calls') })

/** MiniMax M2: a block of invocations; the tools' schemas say which parameters are strings. */
export const minimax = dialectOf({
  name: 'minimax-m2',
  calls: [{ ...invocations('', 'minimax:tool_call'), begin: '\n<minimax:tool_call>\n' }],
  stopMarkers: ['[e~['],
})

/** MiniMax M1: a JSON object on each line of the block. */
export const minimaxM1 = dialectOf({
  name: 'minimax-m1',
  calls: [{ begin: '<tool_calls>\n', call: NAME_AND_ARGUMENTS, between: '\n', end: '\n</tool_calls>' }],
})

/** Muse Glimmer: each message says whom it is for: itself, the user, or a tool. */
export const muse = dialectOf({
  name: 'muse',
  resume: '<|start|>assistant',
  thought: { open: '<|start|>assistant to=self<|message|>', close: '<|eom|>' },
  text: { begin: '<|start|>assistant to=user<|message|>', end: '' },
  silent: ['<|start|>assistant<|message|>', '<|eot|>'],
  calls: [
    {
      call: '<|start|>assistant to=$name<|message|><atem:function_calls>\n<atem:invoke name="$name">\n$arguments</atem:invoke>\n</atem:function_calls>',
      parameter: '<atem:parameter name="$key">$value</atem:parameter>\n',
      between: '<|eom|>',
    },
  ],
  stopMarkers: ['<|eot|>'],
})

const DEEPSEEK = ['<｜tool▁call▁begin｜>', '<｜tool▁sep｜>', '<｜tool▁call▁end｜>'] as const
const DEEPSEEK_SECTION = { begin: '<｜tool▁calls▁begin｜>', end: '<｜tool▁calls▁end｜>' }
const FENCED: CallForm = {
  call: `${DEEPSEEK[0]}function${DEEPSEEK[1]}$name\n\`\`\`json\n$arguments\n\`\`\`${DEEPSEEK[2]}`,
  between: '\n',
}
const UNFENCED: CallForm = { call: `${DEEPSEEK[0]}$name${DEEPSEEK[1]}$arguments${DEEPSEEK[2]}` }
const inSection = (form: CallForm): CallForm => ({ ...DEEPSEEK_SECTION, ...form })

/**
 * DeepSeek V3, R1 and its distillations write `function`, the separator, the name, and JSON in a code fence; V3.1 writes the
 * name, the separator and JSON. Both are read by either, with and without the section.
 */
export const deepseekV3 = dialectOf({
  name: 'deepseek-v3',
  calls: [inSection(FENCED), inSection(UNFENCED), FENCED, UNFENCED],
})
export const deepseekV31 = dialectOf({
  name: 'deepseek-v3.1',
  calls: [inSection(UNFENCED), inSection(FENCED), UNFENCED, FENCED],
})

const KIMI_CALL: CallForm = {
  call: '<|tool_call_begin|>$id<|tool_call_argument_begin|>$arguments<|tool_call_end|>',
  idHolds: 'functions.$name:$index',
}

/**
 * Kimi K2 to K2.7: a section of calls, each with an id `functions.NAME:N` and JSON. N counts through the conversation; the
 * id has to come back with the tool's answer, so it is reported as it is.
 */
export const kimiK2 = dialectOf({
  name: 'kimi-k2',
  calls: [{ begin: '<|tool_calls_section_begin|>', ...KIMI_CALL, end: '<|tool_calls_section_end|>' }, KIMI_CALL],
  stopMarkers: ['<|im_end|>'],
})

const MISTRAL_CALLS: CallForm[] = [
  { call: '[TOOL_CALLS]$name[ARGS]$arguments' },
  { call: '[TOOL_CALLS]$name[CALL_ID]$id[ARGS]$arguments', ids: '[A-Za-z0-9]{9}' },
  { call: '[TOOL_CALLS]$name$arguments' },
]
const MISTRAL_LIST: CallForm = { begin: '[TOOL_CALLS][', call: NAME_AND_ARGUMENTS, between: ', ', end: ']' }

/**
 * Mistral. Until 2024 one marker and a JSON list of calls; later a marker for each call, its name, its arguments,
 * and for some models an id between. All are read by each.
 */
export const mistral = dialectOf({ name: 'mistral', thought: MISTRAL_THINK, calls: [...MISTRAL_CALLS, MISTRAL_LIST] })
export const mistralId = dialectOf({
  name: 'mistral-id',
  thought: MISTRAL_THINK,
  calls: [MISTRAL_CALLS[1]!, MISTRAL_CALLS[0]!, MISTRAL_CALLS[2]!, MISTRAL_LIST],
})
export const mistralList = dialectOf({
  name: 'mistral-list',
  thought: MISTRAL_THINK,
  calls: [MISTRAL_LIST, ...MISTRAL_CALLS],
})

const SOLAR_CALLS: CallForm = {
  begin: '<|begin|>assistant<|tool_calls|>',
  call: '<|tool_call:begin|>$id<|tool_call:name|>$name<|tool_call:args|>$arguments<|tool_call:end|>',
  end: '<|calls|>',
  ids: '[a-z0-9]{10}',
}

/** Solar Open: messages with a kind each; ids of ten letters and digits. */
export const solar = dialectOf({
  name: 'solar',
  resume: '<|begin|>assistant',
  thought: { open: '<|begin|>assistant<|think|>', close: '<|end|>' },
  text: { begin: '<|begin|>assistant<|content|>', end: '<|end|>' },
  silent: ['<|content|>'],
  calls: [SOLAR_CALLS, { ...SOLAR_CALLS, begin: '<|tool_calls|>' }],
  stopMarkers: ['<|calls|>'],
})

/** LFM2 and LFM2.5; told to, they write JSON between the same marks. */
export const lfm2 = dialectOf({
  name: 'lfm-2',
  calls: [
    {
      begin: '<|tool_call_start|>[',
      call: '$name($arguments)',
      between: ', ',
      end: ']<|tool_call_end|>',
      values: 'python',
    },
    { begin: '<|tool_call_start|>[', call: NAME_AND_ARGUMENTS, between: ', ', end: ']<|tool_call_end|>' },
  ],
})

/** Cohere's ids are numbers, and are counted through the conversation. */
const COHERE_CALLS: CallForm = {
  begin: '<|START_ACTION|>[\n',
  call: '    {"tool_call_id": "$index", "tool_name": "$name", "parameters": $arguments}',
  between: ',\n',
  end: '\n]<|END_ACTION|>',
}
const COHERE_THINK: ThinkTags = { open: '<|START_THINKING|>', close: '<|END_THINKING|>' }

export const commandR7b = dialectOf({
  name: 'command-r7b',
  thought: COHERE_THINK,
  text: { begin: '<|START_RESPONSE|>', end: '<|END_RESPONSE|>' },
  calls: [COHERE_CALLS],
})
export const cohere2Moe = dialectOf({
  name: 'cohere-2-moe',
  thought: COHERE_THINK,
  text: { begin: '<|START_TEXT|>', end: '<|END_TEXT|>' },
  calls: [COHERE_CALLS],
})
export const commandRPlus = dialectOf({
  name: 'command-r-plus',
  calls: [
    {
      begin: 'Action:\n```json\n[\n',
      call: '    {\n        "tool_name": "$name",\n        "parameters": $arguments\n    }',
      between: ',\n',
      end: '\n]```',
      bare: true,
    },
  ],
})

/** Nemotron Nano v2. */
export const nemotronV2 = dialectOf({
  name: 'nemotron-v2',
  calls: [{ begin: '<TOOLCALL>[', call: NAME_AND_ARGUMENTS, between: ', ', end: ']</TOOLCALL>' }],
})

export const apertus = dialectOf({
  name: 'apertus',
  thought: { open: '<|inner_prefix|>', close: '<|inner_suffix|>' },
  calls: [{ begin: '<|tools_prefix|>[', call: '{"$name": $arguments}', between: ', ', end: ']<|tools_suffix|>' }],
})

/** Apriel 1.5 and 1.6: a thought begins with words, which the prompt may have, and ends with a mark. */
export const apriel = dialectOf({
  name: 'apriel',
  thought: { open: 'Here are my reasoning steps:', close: '[BEGIN FINAL RESPONSE]' },
  silent: ['[END FINAL RESPONSE]'],
  calls: [{ begin: '\n<tool_calls>[', call: NAME_AND_ARGUMENTS, between: ', ', end: ']</tool_calls>' }],
})

/** GigaChat 3: a call is a message of a role of its own, after the answer's end. */
export const gigachat3 = dialectOf({
  name: 'gigachat-3',
  calls: [
    { begin: '<|message_sep|>\n\nfunction call<|role_sep|>\n', call: NAME_AND_ARGUMENTS },
    { begin: 'function call<|role_sep|>\n', call: NAME_AND_ARGUMENTS },
  ],
  parallel: false,
})
export const gigachat31 = dialectOf({
  name: 'gigachat-3.1',
  calls: [{ call: `<|function_call|>${NAME_AND_ARGUMENTS}` }],
  parallel: false,
})

/** functionary 3.1: `<function=name>{json}</function>`, of Llama 3.1's model card. */
export const functionaryV31 = dialectOf({
  name: 'functionary-3.1',
  calls: [{ call: '<function=$name>$arguments</function>' }],
  stopMarkers: ['<|eot_id|>', '<|eom_id|>'],
})
/** functionary 3.2: messages, each for all or for a function; the prompt has begun the first. */
export const functionaryV32 = dialectOf({
  name: 'functionary-3.2',
  resume: '>>>',
  text: { begin: '>>>all\n', end: '' },
  calls: [{ call: '>>>$name\n$arguments' }],
  stopMarkers: ['<|eot_id|>', '<|eom_id|>'],
})

export const granite33 = dialectOf({
  name: 'granite-3.3',
  silent: ['<response>', '</response>'],
  calls: [{ begin: '<|tool_call|>[', call: NAME_AND_ARGUMENTS, between: ', ', end: ']' }],
})
export const firefunction = dialectOf({
  name: 'firefunction',
  calls: [{ begin: ' functools[', call: NAME_AND_ARGUMENTS, between: ', ', end: ']', bare: true }],
})
