import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { matrix } from '../../graph/builder.js'
import type { Weight } from '../../graph/ops.js'
import { isJsonObject, type JsonObject } from '../../json.js'

/** The language model of a checkpoint, which may lie inside of a wrapper that also sees or hears. */
export interface TextModel {
  readonly config: JsonObject
  /** Before `.layers.N`, `.embed_tokens` and `.norm`. */
  readonly model: string
  readonly head: string
}

/** Names under which wrappers keep the text model: as the labs publish them, and as transformers 5 writes them. */
const PLACES: readonly Omit<TextModel, 'config'>[] = [
  { model: 'model', head: 'lm_head' },
  { model: 'language_model.model', head: 'language_model.lm_head' },
  { model: 'model.language_model', head: 'lm_head' },
]

/** What belongs to other parts of a wrapper (images, sound) is neither named nor loaded. */
export function textModel(checkpoint: Checkpoint): TextModel {
  const { config } = checkpoint
  const inner = config['text_config']
  const wrapped = isJsonObject(inner)
  const place = PLACES.find(({ model }) => checkpoint.has(`${model}.embed_tokens.weight`))
  return { config: wrapped ? withTie(inner, config) : config, ...(place ?? PLACES[wrapped ? 1 : 0]!) }
}

/** transformers 5 ties by the wrapper's flag, and may write it there alone. */
function withTie(text: JsonObject, wrapper: JsonObject): JsonObject {
  const isSaid = text['tie_word_embeddings'] !== undefined || wrapper['tie_word_embeddings'] !== true
  return isSaid ? text : { ...text, tie_word_embeddings: true }
}

/**
 * The embedding and the head, both [V, D]. Tied models publish one of the two, under either name. One that publishes both is
 * tied by name only: some fine-tunings changed one of the two and kept the flag, so each is read as it is, as transformers does.
 */
export function embeddingAndHead(
  checkpoint: Checkpoint,
  c: { tie_word_embeddings: boolean; vocab_size: number; hidden_size: number },
  { model, head }: Pick<TextModel, 'model' | 'head'> = PLACES[0]!,
): { embedding: Weight; head: Weight } {
  const weight = (name: string): Weight => matrix(`${name}.weight`, c.vocab_size, c.hidden_size)
  const ownHead = checkpoint.has(`${head}.weight`)
  const onlyHead = c.tie_word_embeddings && ownHead && !checkpoint.has(`${model}.embed_tokens.weight`)
  const embedding = weight(onlyHead ? head : `${model}.embed_tokens`)
  return { embedding, head: c.tie_word_embeddings && !ownHead ? embedding : weight(head) }
}
