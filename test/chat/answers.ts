import { expect } from 'vitest'
import * as families from '../../src/chat/dialects/families.js'
import type { Dialect, Part } from '../../src/chat/dialects/dialect.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'
import type { ToolDefinition } from '../../src/chat/message.js'

/** Two tools, one of them with parameters of every type. */
export const TOOLS: readonly ToolDefinition[] = [
  {
    type: 'function',
    function: {
      name: 'weather',
      parameters: {
        type: 'object',
        properties: {
          city: { type: 'string' },
          days: { type: 'integer' },
          unit: { enum: ['celsius', 'kelvin'] },
          exact: { type: 'boolean' },
          where: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          list: { type: 'array' },
        },
      },
    },
  },
  { type: 'function', function: { name: 'add' } },
]

/** What an answer comes to, neighbours of one kind joined. Calls as `name args`. */
export function answer(
  dialect: Dialect,
  pieces: readonly string[],
  {
    prompt = 'Q',
    tools = TOOLS,
    ids = false,
  }: { prompt?: string; tools?: readonly ToolDefinition[]; ids?: boolean } = {},
): string[] {
  let next = 0
  const parser = dialect.parser({ prompt, tools, newId: () => `id${next++}` })
  const parts = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.flush()]
  const joined: { kind: Part['kind']; text: string }[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.kind === 'tool-call') {
      expect(JSON.parse(part.call.arguments)).toBeTypeOf('object')
      const id = ids ? `${part.call.index} ${part.call.id} ` : ''
      joined.push({ kind: part.kind, text: `${id}${part.call.name} ${part.call.arguments}` })
    } else if (last?.kind === part.kind) last.text += part.text
    else joined.push({ kind: part.kind, text: part.text })
  }
  return joined.map(({ kind, text }) => `${kind}: ${text}`)
}

/** An answer that comes in one piece. */
export const whole = (dialect: Dialect, text: string, options = {}): string[] => answer(dialect, [text], options)

/** One answer of each dialect, with a thought, a text and two calls. */
export const ANSWERS: [Dialect, string][] = [
  [
    families.hermes,
    '<think>\nHm.\n</think>\n\nLet me look.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Paris", "days": 2}}\n</tool_call>\n<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>',
  ],
  [
    families.qwenXml,
    '<think>\nHm.\n</think>\n\nLet me look.\n\n<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=add>\n</function>\n</tool_call>',
  ],
  [
    families.deepseekV3,
    '<think>\nHm.\n</think>\n\nLet me look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{"city": "Paris", "days": 2}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  ],
  [
    families.deepseekV31,
    '<think>Hm.</think>Let me look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city": "Paris", "days": 2}<｜tool▁call▁end｜><｜tool▁call▁begin｜>add<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  ],
  [
    families.dsmlV32,
    '<think>Hm.</think>Let me look.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name="weather">\n<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n<｜DSML｜invoke name="add">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
  ],
  [
    families.dsmlV4,
    '<think>Hm.</think>Let me look.\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name="weather">\n<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n<｜DSML｜invoke name="add">\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
  ],
  [
    families.dsmlV41,
    '<think>Hm.</think>Let me look.\n\n<｜DSML｜ calls>\n<｜DSML｜ invoke name="weather">\n<｜DSML｜ parameter name="city" string="true">Paris</｜DSML｜ parameter>\n<｜DSML｜ parameter name="days" string="false">2</｜DSML｜ parameter>\n</｜DSML｜ invoke>\n<｜DSML｜ invoke name="add">\n</｜DSML｜ invoke>\n</｜DSML｜ calls>',
  ],
  [
    families.glm45,
    '\n<think>Hm.</think>\nLet me look.\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>\n<tool_call>add\n</tool_call>',
  ],
  [
    families.glm47,
    '<think>Hm.</think>Let me look.<tool_call>weather<arg_key>city</arg_key><arg_value>Paris</arg_value><arg_key>days</arg_key><arg_value>2</arg_value></tool_call><tool_call>add</tool_call>',
  ],
  [
    families.longcat,
    '<longcat_think>Hm.</longcat_think>Let me look.<longcat_tool_call>weather\n<longcat_arg_key>city</longcat_arg_key>\n<longcat_arg_value>Paris</longcat_arg_value>\n<longcat_arg_key>days</longcat_arg_key>\n<longcat_arg_value>2</longcat_arg_value>\n</longcat_tool_call><longcat_tool_call>add</longcat_tool_call>',
  ],
  [
    families.kimiK2,
    '<think>Hm.</think>Let me look.<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{"city": "Paris", "days": 2}<|tool_call_end|><|tool_call_begin|>functions.add:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
  ],
  [
    kimiK3,
    '<|open|>think<|sep|>Hm.<|close|>think<|sep|><|open|>response<|sep|>Let me look.<|close|>response<|sep|><|open|>tools<|sep|><|open|>call tool="weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|><|open|>argument key="days" type="number"<|sep|>2<|close|>argument<|sep|><|close|>call<|sep|><|open|>call tool="add" index="2"<|sep|><|close|>call<|sep|><|close|>tools<|sep|><|close|>message<|sep|>',
  ],
  [
    harmony,
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>Let me look.<|end|><|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{"city": "Paris", "days": 2}<|call|><|start|>assistant to=functions.add<|channel|>commentary json<|message|>{}<|call|>',
  ],
  [
    families.mistral,
    '[THINK]Hm.[/THINK]Let me look.[TOOL_CALLS]weather[ARGS]{"city": "Paris", "days": 2}[TOOL_CALLS]add[ARGS]{}',
  ],
  [
    families.mistralList,
    '[THINK]Hm.[/THINK]Let me look.[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Paris", "days": 2}, "id": "123456789"}, {"name": "add", "arguments": {}}]',
  ],
  [
    families.minimax,
    '<think>\nHm.\n</think>\n\nLet me look.\n<minimax:tool_call>\n<invoke name="weather">\n<parameter name="city">Paris</parameter>\n<parameter name="days">2</parameter>\n</invoke>\n<invoke name="add">\n</invoke>\n</minimax:tool_call>',
  ],
  [
    minimaxM3,
    '<mm:think>Hm.</mm:think>Let me look.]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="weather">\n]<]minimax[>[<city>Paris]<]minimax[>[</city>\n]<]minimax[>[<days>2]<]minimax[>[</days>\n]<]minimax[>[</invoke>\n]<]minimax[>[<invoke name="add">]<]minimax[>[</invoke>]<]minimax[>[</tool_call>',
  ],
  [
    gemma4,
    '<|channel>thought\nHm.\n<channel|>Let me look.<|tool_call>call:weather{city:<|"|>Paris<|"|>,days:2}<tool_call|><|tool_call>call:add{}<tool_call|>',
  ],
  [
    families.mistralId,
    '[THINK]Hm.[/THINK]Let me look.[TOOL_CALLS]weather[CALL_ID]123456789[ARGS]{"city": "Paris", "days": 2}[TOOL_CALLS]add[CALL_ID]abcdefghi[ARGS]{}',
  ],
  [
    families.seed,
    '<seed:think>Hm.</seed:think>\nLet me look.\n\n<seed:tool_call>\n<function=weather>\n<parameter=city>Paris</parameter>\n<parameter=days>2</parameter>\n</function>\n</seed:tool_call>\n<seed:tool_call>\n<function=add>\n</function>\n</seed:tool_call>',
  ],
  [
    families.minicpm5,
    '<think>\nHm.\n</think>\n\nLet me look.\n<function name="weather"><param name="city"><![CDATA[Paris]]></param><param name="days">2</param></function>\n<function name="add"></function>',
  ],
  [
    families.hy3,
    '<think:opensource>Hm.</think:opensource>Let me look.<tool_calls:opensource>\n<tool_call:opensource>weather<tool_sep:opensource>\n<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Paris</arg_value:opensource>\n<arg_key:opensource>days</arg_key:opensource>\n<arg_value:opensource>2</arg_value:opensource>\n</tool_call:opensource>\n<tool_call:opensource>add<tool_sep:opensource>\n</tool_call:opensource>\n</tool_calls:opensource>',
  ],
  [
    families.minimaxM1,
    '<think>\nHm.\n</think>\n\nLet me look.\n<tool_calls>\n{"name": "weather", "arguments": {"city": "Paris", "days": 2}}\n{"name": "add", "arguments": {}}\n</tool_calls>',
  ],
  [
    families.muse,
    '<|start|>assistant to=self<|message|>Hm.<|eom|><|start|>assistant to=user<|message|>Let me look.<|eom|><|start|>assistant to=weather<|message|><atem:function_calls>\n<atem:invoke name="weather">\n<atem:parameter name="city">Paris</atem:parameter>\n<atem:parameter name="days">2</atem:parameter>\n</atem:invoke>\n</atem:function_calls><|eom|><|start|>assistant to=add<|message|><atem:function_calls>\n<atem:invoke name="add">\n</atem:invoke>\n</atem:function_calls><|eot|>',
  ],
  [
    families.solar,
    '<|begin|>assistant<|think|>Hm.<|end|><|begin|>assistant<|content|>Let me look.<|end|><|begin|>assistant<|tool_calls|><|tool_call:begin|>a1b2c3d4e5<|tool_call:name|>weather<|tool_call:args|>{"city": "Paris", "days": 2}<|tool_call:end|><|tool_call:begin|>a1b2c3d4e6<|tool_call:name|>add<|tool_call:args|>{}<|tool_call:end|><|calls|>',
  ],
  [
    families.lfm2,
    "<think>Hm.</think>Let me look.<|tool_call_start|>[weather(city='Paris', days=2), add()]<|tool_call_end|>",
  ],
  [
    families.commandR7b,
    '<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Let me look.<|END_RESPONSE|><|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "weather", "parameters": {"city": "Paris", "days": 2}},\n    {"tool_call_id": "1", "tool_name": "add", "parameters": {}}\n]<|END_ACTION|>',
  ],
  [
    families.cohere2Moe,
    '<|START_THINKING|>Hm.<|END_THINKING|><|START_TEXT|>Let me look.<|END_TEXT|><|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "weather", "parameters": {"city": "Paris", "days": 2}},\n    {"tool_call_id": "1", "tool_name": "add", "parameters": {}}\n]<|END_ACTION|>',
  ],
  [
    families.commandRPlus,
    '<think>Hm.</think>Let me look.\nAction:\n```json\n[\n    {\n        "tool_name": "weather",\n        "parameters": {"city": "Paris", "days": 2}\n    },\n    {\n        "tool_name": "add",\n        "parameters": {}\n    }\n]```',
  ],
  [
    families.nemotronV2,
    '<think>\nHm.\n</think>\n\nLet me look.\n<TOOLCALL>[{"name": "weather", "arguments": {"city": "Paris", "days": 2}}, {"name": "add", "arguments": {}}]</TOOLCALL>',
  ],
  [
    families.apertus,
    '<|inner_prefix|>Hm.<|inner_suffix|>Let me look.<|tools_prefix|>[{"weather": {"city": "Paris", "days": 2}}, {"add": {}}]<|tools_suffix|>',
  ],
  [
    families.apriel,
    'Here are my reasoning steps:\nHm.\n[BEGIN FINAL RESPONSE]\nLet me look.\n<tool_calls>[{"name": "weather", "arguments": {"city": "Paris", "days": 2}}, {"name": "add", "arguments": {}}]</tool_calls>',
  ],
  [
    families.gigachat3,
    '<think>Hm.</think>Let me look.<|message_sep|>\n\nfunction call<|role_sep|>\n{"name": "weather", "arguments": {"city": "Paris", "days": 2}}<|message_sep|>\n\nfunction call<|role_sep|>\n{"name": "add", "arguments": {}}',
  ],
  [
    families.gigachat31,
    '<think>Hm.</think>Let me look.<|function_call|>{"name": "weather", "arguments": {"city": "Paris", "days": 2}}<|function_call|>{"name": "add", "arguments": {}}',
  ],
  [
    families.functionaryV31,
    '<think>Hm.</think>Let me look.<function=weather>{"city": "Paris", "days": 2}</function><function=add>{}</function>',
  ],
  [families.functionaryV32, '<think>Hm.</think>>>>all\nLet me look.>>>weather\n{"city": "Paris", "days": 2}>>>add\n{}'],
  [
    families.granite33,
    '<think>Hm.</think><response>Let me look.</response><|tool_call|>[{"name": "weather", "arguments": {"city": "Paris", "days": 2}}, {"name": "add", "arguments": {}}]',
  ],
  [
    families.firefunction,
    '<think>Hm.</think>Let me look. functools[{"name": "weather", "arguments": {"city": "Paris", "days": 2}}, {"name": "add", "arguments": {}}]',
  ],
]
