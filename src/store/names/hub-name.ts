/**
 * Whether a text has the form of a hub's name, `ORG/NAME:TAG@REVISION` or `hf://...`: in a page, where nothing says whether there
 * is such a folder, it is taken for one. A relative address has a dot or a slash at one of its ends: `./models/mine`, `models/mine/`.
 */
export function isHubName(text: string): boolean {
  if (/^(?:hf|modelscope):\/\//.test(text)) return true
  return /^\w[\w.-]*\/\w[\w.-]*(?::[\w.-]+)?(?:@[\w./-]+)?$/.test(text) && !/\.(?:gguf|safetensors)$/i.test(text)
}
