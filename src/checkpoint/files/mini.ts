import { UserError } from '../../errors.js'

/** The name of the model that the package carries. A folder of that name is `./mini`. */
export const MINI = 'mini'

/** What there is in its folder. */
export const MINI_FILES: readonly string[] = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
]

/** Where this file is as long as nobody has bundled it: in src or dist of the package. */
const UNBUNDLED = /\/(?:src|dist)\/checkpoint\/files\/mini\.[jt]s$/

/**
 * The address of the package's models/mini, as a path in Node.
 * @throws UserError unsupported_platform in a bundle, which has this code and not the weights.
 */
export function miniPath(module: string = import.meta.url): string {
  const url = new URL('../../../models/mini', module)
  if (!UNBUNDLED.test(new URL(module).pathname))
    throw new UserError(
      'mini: the embedded model is the folder models/mini of the package, and a bundler does not carry it along; ' +
        'serve that folder (in Node: copy it) and load it by its address, such as /models/mini/',
      'unsupported_platform',
    )
  return url.protocol === 'file:' ? process.getBuiltinModule('node:url').fileURLToPath(url) : url.href
}
