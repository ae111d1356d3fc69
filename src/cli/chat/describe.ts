import { basename } from 'node:path'
import { MINI } from '../../checkpoint/files/mini.js'
import type { EngineInfo } from '../../remote/engine-like.js'

/** `Qwen3-0.6B, 596 M parameters. Answers are sampled: temperature 0.6, top-p 0.95, as its files say.` */
export function describeModel({ name, parameters, sampling, samplingSource = 'model' }: EngineInfo): string {
  const title = basename(name) === MINI ? 'Kaiyuan Mini' : basename(name)
  const about = `${title}, ${count(parameters)} parameters.`
  if (!sampling || sampling.temperature === 0) return `${about} Answers are the most likely ones.`
  const { temperature, topP, topK, minP, repetitionPenalty } = sampling
  const parts = [
    `temperature ${short(temperature)}`,
    ...(topP < 1 ? [`top-p ${short(topP)}`] : []),
    ...(topK > 0 ? [`top-k ${topK}`] : []),
    ...(minP > 0 ? [`min-p ${short(minP)}`] : []),
    ...(repetitionPenalty === 1 ? [] : [`repetition penalty ${short(repetitionPenalty)}`]),
  ]
  const source = { model: 'as its files say', family: 'as its lab says', default: 'since its files do not say' }
  return `${about} Answers are sampled: ${parts.join(', ')}, ${source[samplingSource]}.`
}

/** Values of files are stored as 32-bit floats. */
function short(value: number): string {
  return String(Number(value.toPrecision(5)))
}

function count(parameters: number): string {
  const [unit, size] = parameters >= 1e9 ? ['B', 1e9] : ['M', 1e6]
  return `${Number((parameters / size).toPrecision(3))} ${unit}`
}
