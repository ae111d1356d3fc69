import type { ModelSet, ServedModel } from '../../admission/models.js'

const LATEST = ':latest'

/** Ollama's clients put :latest after names without a tag. @throws ApiError 404 */
export function findModel(models: ModelSet, name: string): ServedModel {
  const exists = models.all.some((model) => model.name === name)
  return models.find(!exists && name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name)
}
