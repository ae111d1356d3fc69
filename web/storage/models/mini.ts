/** The model that the static page carries, and its files by name: nothing is asked for that is not there. */
export const MINI = 'mini'
export const MINI_FILES = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
]
