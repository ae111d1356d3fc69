import { UserError } from '../errors.js'
import { PUBLISHED_FORMATS } from './formats/formats.js'
import { UNREADABLE_BLOCKS } from './formats/ggml-types.js'
import { shapeText } from './shape.js'

export function missingTensor(name: string, where: string): UserError {
  return new UserError(
    `${where}: expected the tensor ${name}, found none of that name. ` +
      'The config and the weights do not belong together, or a file is incomplete.',
    'tensor_mismatch',
  )
}

export function wrongShape(
  name: string,
  file: string,
  expected: readonly number[],
  found: readonly number[],
): UserError {
  return new UserError(
    `${file}: tensor ${name}: expected shape ${shapeText(expected)} from the config, found ${shapeText(found)}. ` +
      'Check that the config belongs to these weights.',
    'tensor_mismatch',
  )
}

export function unsupportedFormat(name: string, file: string, format: string): UserError {
  return new UserError(
    `${file}: tensor ${name} is stored as ${format}, which cannot be read yet. Supported: ${PUBLISHED_FORMATS}, ` +
      `and all block formats of GGUF except ${UNREADABLE_BLOCKS}. ` +
      'Choose a published variant in one of these.',
    'unsupported_format',
  )
}
