import type { ModelFiles } from '../checkpoint/files/files.js'
import type { ChatTemplate } from '../chat/prompt.js'
import { loadChatTemplate } from '../chat/template.js'
import { UserError } from '../errors.js'
import { openCheckpoint } from '../models/open.js'
import { namedFiles } from './named.js'
import { EXPECTED_TOKENIZER, loadTokenizer } from '../tokenizer/load.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'

/** The tokenizer of a model without its weights. @throws UserError invalid_tokenizer when it has none */
export async function tokenizerOf(model: ModelFiles): Promise<Tokenizer> {
  const checkpoint = await openCheckpoint(await namedFiles(model))
  try {
    const tokenizer = await loadTokenizer(checkpoint)
    if (tokenizer) return tokenizer
    throw new UserError(`${checkpoint.name} has no tokenizer: ${EXPECTED_TOKENIZER}`, 'invalid_tokenizer')
  } finally {
    await checkpoint.close()
  }
}

/** What makes a model's prompts, without its weights. @throws UserError where its files are damaged */
export async function chatModelOf(
  model: ModelFiles,
): Promise<{ name: string; tokenizer: Tokenizer | undefined; template: ChatTemplate | undefined }> {
  const checkpoint = await openCheckpoint(await namedFiles(model))
  try {
    const [tokenizer, template] = [await loadTokenizer(checkpoint), await loadChatTemplate(checkpoint)]
    return { name: checkpoint.name, tokenizer, template }
  } finally {
    await checkpoint.close()
  }
}
