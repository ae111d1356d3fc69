// Files on which a reader once failed, each by its kind: they are read before any mutant.

const utf8 = new TextEncoder()
const text = (bytes) => new TextDecoder().decode(bytes)

export function formerFailures({ golden, gguf, tokenizers, ranked, mini, llama }) {
  const withType = (type) => golden.find((files) => JSON.parse(text(files['config.json'])).model_type === type)
  const config = (files, change) => ({
    reader: 'config',
    files: {
      ...files,
      'config.json': utf8.encode(JSON.stringify({ ...JSON.parse(text(files['config.json'])), ...change })),
    },
  })
  const tokenizer = (change) => {
    const value = JSON.parse(text(tokenizers[0]['tokenizer.json']))
    change(value)
    return { reader: 'tokenizer', files: { ...tokenizers[0], 'tokenizer.json': utf8.encode(JSON.stringify(value)) } }
  }
  const tekken = JSON.parse(text(ranked[3].files['tekken.json']))
  const template = (source) => ({ reader: 'template', files: { ...mini, 'chat_template.jinja': utf8.encode(source) } })
  const settings = (name, value) => ({
    reader: 'settings',
    files: { ...mini, [name]: utf8.encode(JSON.stringify(value)) },
  })
  return [
    {
      reader: 'config',
      files: {
        ...llama,
        'config.json': utf8.encode(
          text(llama['config.json']).replace(
            /"vocab_size":\s*\d+/,
            `"vocab_size":${'['.repeat(5000)}${']'.repeat(5000)}`,
          ),
        ),
      },
    },
    config(withType('deepseek_v3'), { topk_group: 1e9 }),
    config(llama, { num_hidden_layers: 1 }),
    config(llama, { rope_scaling: { factor: 8 } }),
    tokenizer((json) => (json.model.merges = 5)),
    tokenizer((json) => (json.model.vocab = [null])),
    tokenizer((json) => (json.model.type = 'WordPiece')),
    tokenizer((json) => (json.post_processor = { type: 'TemplateProcessing' })),
    tokenizer((json) => (json.normalizer = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' })),
    tokenizer((json) => {
      for (let i = 0; i < 300_000; i++) json.model.vocab[`zz${i}`] = 300 + i
    }),
    {
      reader: 'ranked',
      files: { 'tiktoken.model': utf8.encode(`${text(ranked[0].files['tiktoken.model'])}YQ= 300\n`) },
    },
    {
      reader: 'ranked',
      files: {
        'tekken.json': utf8.encode(
          JSON.stringify({
            ...tekken,
            config: { ...tekken.config, default_vocab_size: 2 ** 24 - 1, default_num_special_tokens: 2 ** 24 - 1 },
          }),
        ),
      },
    },
    {
      reader: 'ranked',
      files: {
        'tekken.json': utf8.encode(JSON.stringify({ ...tekken, special_tokens: [{ rank: 1, token_str: '[a-' }] })),
      },
    },
    { reader: 'ranked', files: { 'tekken.json': utf8.encode(JSON.stringify({ ...tekken, special_tokens: 0 })) } },
    tokenizer((json) => (json.added_tokens = [])),
    settings('tokenizer_config.json', { chat_template: [null] }),
    template(
      "{% set ns=namespace(s='ab') %}{% for i in range(9) %}{% set ns.s = ns.s.replace('', ns.s) %}{% endfor %}{{ ns.s|length }}",
    ),
    template(
      '{% set ns = namespace(x=[1,2,3,4]) %}{% for i in range(25) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x|length }}',
    ),
    template(
      "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(25) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    ),
    template('{{ messages | tojson(indent=99999) }}'),
    template("{{ 'a' * 33000000 }}"),
    {
      reader: 'gguf',
      main: 'model.gguf',
      files: { 'model.gguf': utf8.encode('version https://git-lfs.github.com/spec/v1\n') },
    },
    { reader: 'gguf', main: 'model.gguf', files: gguf[0] },
  ]
}
