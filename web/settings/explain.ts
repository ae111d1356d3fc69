import type { Settings } from '../storage/types.js'

export type SettingName = keyof Settings

interface Explained {
  readonly label: string
  readonly does: string
}

const en: Record<Exclude<SettingName, 'thinking'>, Explained> = {
  system: {
    label: 'System prompt',
    does: 'What the model is told before the conversation: who it is, and how to answer.',
  },
  temperature: {
    label: 'Temperature',
    does: 'How freely words are chosen: 0 always takes the likeliest, 1 follows the model.',
  },
  topP: { label: 'Top-p', does: 'Only the likeliest words that reach this share of the probability together.' },
  topK: { label: 'Top-k', does: 'Only this many of the likeliest words; 0 is off.' },
  minP: { label: 'Min-p', does: 'Only words with at least this share of the likeliest one’s probability.' },
  repetitionPenalty: { label: 'Repetition penalty', does: 'Above 1 discourages words that were there before.' },
  frequencyPenalty: { label: 'Frequency penalty', does: 'Takes this off a word for each time that it came.' },
  presencePenalty: { label: 'Presence penalty', does: 'Takes this off each word that came at all.' },
  seed: { label: 'Seed', does: 'The same seed gives the same answer to the same conversation.' },
  maxTokens: { label: 'Most tokens', does: 'The answer is cut off after this many tokens.' },
  schema: { label: 'JSON schema', does: 'The answer is JSON of this schema, word by word.' },
  tools: { label: 'Tools', does: 'A JSON list of functions that the model may call; you give their results.' },
  precision: {
    label: 'Precision',
    does: 'Fast rounds to 8 bits while it computes; exact computes as the reference does.',
  },
}

const zh: typeof en = {
  system: { label: '系统提示', does: '对话之前告诉模型的话：它是谁，该怎样回答。' },
  temperature: { label: '温度', does: '选词的自由程度：0 总取最可能的词，1 按模型的概率。' },
  topP: { label: 'Top-p', does: '只考虑合计达到此概率的最可能的词。' },
  topK: { label: 'Top-k', does: '只考虑这么多个最可能的词；0 为关闭。' },
  minP: { label: 'Min-p', does: '只考虑概率至少为最可能词的这一比例的词。' },
  repetitionPenalty: { label: '重复惩罚', does: '大于 1 时减少重复出现过的词。' },
  frequencyPenalty: { label: '频率惩罚', does: '词每出现一次就减去这么多。' },
  presencePenalty: { label: '存在惩罚', does: '出现过的词减去这么多。' },
  seed: { label: '种子', does: '同样的种子对同样的对话给出同样的回答。' },
  maxTokens: { label: '最多词元', does: '回答在这么多词元后截断。' },
  schema: { label: 'JSON 模式', does: '回答逐词符合此模式的 JSON。' },
  tools: { label: '工具', does: '模型可以调用的函数的 JSON 列表；结果由你给出。' },
  precision: { label: '精度', does: '快速：计算时舍入到 8 位；精确：与参考实现一致。' },
}

export const explained = { en, zh }
