import { Option, type Command } from 'commander'
import type { ServeFlags } from '../serve.js'
import { bytes, collect, integer, loadFlags, port } from '../flags.js'
import { examples } from '../print/examples.js'

export function serveCommand(cli: Command): void {
  const serve = cli
    .command('serve [models...]')
    .description(
      'serve models over HTTP, in the APIs of OpenAI, Anthropic and Ollama; docs/server.md shows every endpoint',
    )
    .addOption(
      new Option('--host <address>', 'address to listen on; others than 127.0.0.1 need a key')
        .default('127.0.0.1')
        .env('KAIYUAN_HOST'),
    )
    .addOption(new Option('--port <number>', '0 takes a free one').argParser(port).default(8080).env('KAIYUAN_PORT'))
    .option(
      '--api-key <key>',
      'key that clients must give; may be given again (or KAIYUAN_API_KEY, which ps does not show)',
      collect,
    )
    .option('--api-key-file <file>', 'one key a line; a file that only its owner can read')
    .option('--allow-host <name>', 'further name of this server, where there is no key; may be given again', collect)
    .option('--max-concurrency <count>', 'answers in flight at once, per model', integer, 16)
    .option('--max-queue <count>', 'requests that may wait, per model; more get 429', integer, 256)
    .option('--max-body <bytes>', 'largest request: 4MB', bytes, 4_000_000)
    .option(
      '--cache-memory <bytes>',
      'memory of the cache, per model: 2GB (default: what requests need, 1 GiB kept)',
      bytes,
    )
    .option(
      '--share-cache',
      'let clients of all keys share cached prompts: counts and times then tell what others sent',
    )
    .option('--cors <origin>', 'origin whose pages may call, or *; may be given again', collect)
    .addOption(new Option('--log-format <which>', 'of the lines on stderr').choices(['text', 'json']).default('text'))
    .option('--log-prompts', 'log the bodies of requests too')
    .option('--strict', 'refuse also what changes nothing in an answer, and other names of models')
    .option('--mcp <file>', 'MCP servers whose tools /v1/responses may use; mcpServers as other programs have them')
    .option('--drain <seconds>', 'how long SIGTERM waits for answers that run', integer, 30)
  loadFlags(serve)
    .addHelpText(
      'after',
      examples(
        'kaiyuan serve',
        'kaiyuan serve ./Qwen3-0.6B --port 8000 --max-concurrency 8',
        'kaiyuan serve small=./Qwen3-0.6B large=model.gguf --host 0.0.0.0 --api-key-file keys.txt',
      ),
    )
    .action(async (models: string[], options: ServeFlags) => (await import('../serve.js')).serve(models, options))
}
