#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander'
import { UserError } from '../errors.js'
import { VERSION } from './version.js'
import type { BenchFlags } from './bench.js'
import type { ChatFlags } from './chat.js'
import type { InspectFlags } from './inspect.js'
import type { LogitsFlags } from './logits.js'
import type { PerplexityFlags } from './perplexity.js'
import type { RunFlags } from './run.js'
import type { ServeFlags } from './serve.js'
import type { TokenizeFlags } from './tokenize.js'
import { bytes, collect, integer, loadFlags, number, samplingFlags } from './flags.js'

/** The command line. Each command is a module of its own, loaded when it is called, so that the first token comes soon. */
function program(): Command {
  const cli = new Command('kaiyuan')
    .description('Run open-weight language models from the checkpoint their lab published.')
    .version(VERSION)
    .showHelpAfterError('(kaiyuan --help shows what there is)')
    .exitOverride()
    .addHelpText('after', '\nMODEL is a folder in Hugging Face layout, a .gguf file, or mini (the default).')

  const run = cli
    .command('run [model] [prompt]')
    .description('answer one prompt, streaming')
    .option('--raw', 'no chat template: go on with the prompt as it is')
    .option('--ids <ids>', 'token ids as the prompt: 1,2,3')
    .option('--system <text>', 'system message')
    .option('--json', 'one JSON object on one line')
  samplingFlags(loadFlags(run))
    .addHelpText(
      'after',
      examples(
        'kaiyuan run "How many r\'s are in strawberry?"',
        'kaiyuan run ./Qwen3-0.6B "Hello" --temperature 0 --max-tokens 100',
        'kaiyuan run model.gguf --ids 1,2,3 --json',
      ),
    )
    .action(async (model: string | undefined, prompt: string | undefined, options: RunFlags) =>
      (await import('./run.js')).run(model, prompt, options),
    )

  const chat = cli
    .command('chat [model]')
    .description('talk in the terminal; /help shows the commands')
    .option('--system <text>', 'system message')
  samplingFlags(loadFlags(chat))
    .addHelpText('after', examples('kaiyuan chat', 'kaiyuan chat ./Llama-3.1-8B-Instruct --precision exact'))
    .action(async (model: string | undefined, options: ChatFlags) => (await import('./chat.js')).chat(model, options))

  const serve = cli
    .command('serve [models...]')
    .description('serve models over HTTP, in the APIs of OpenAI and Anthropic; docs/server.md shows every endpoint')
    .option('--host <address>', 'address to listen on; others than 127.0.0.1 need a key', '127.0.0.1')
    .option('--port <number>', '0 takes a free one', integer, 8080)
    .option('--api-key <key>', 'key that clients must give; may be given again', collect)
    .option('--api-key-file <file>', 'one key a line')
    .option('--max-concurrency <count>', 'answers in the making at once, per model', integer, 16)
    .option('--max-queue <count>', 'requests that may wait, per model; more get 429', integer, 256)
    .option('--max-body <bytes>', 'largest request: 4MB', bytes, 4_000_000)
    .option(
      '--cache-memory <bytes>',
      'memory of the cache, per model: 2GB (default: what requests need, 1 GiB kept)',
      bytes,
    )
    .option('--cors <origin>', 'origin whose pages may call, or *; may be given again', collect)
    .addOption(new Option('--log-format <which>', 'of the lines on stderr').choices(['text', 'json']).default('text'))
    .option('--log-prompts', 'log the bodies of requests too')
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
    .action(async (models: string[], options: ServeFlags) => (await import('./serve.js')).serve(models, options))

  const logits = cli
    .command('logits <model>')
    .description('logits of every position, raw little-endian f32 [T, V]')
    .option('--ids <ids>', 'token ids: 1,2,3')
    .option('--prompt <text>', 'text')
    .requiredOption('--out <file>', 'file to write')
  loadFlags(logits)
    .addHelpText('after', examples('kaiyuan logits ./DeepSeek-V3 --ids 1,2,3 --out logits.f32 --precision exact'))
    .action(async (model: string, options: LogitsFlags) => (await import('./logits.js')).logits(model, options))

  cli
    .command('tokenize <model> <text>')
    .description('text to token ids')
    .option('--plain', 'text only: no special tokens are added or recognised')
    .option('--json', 'one JSON object on one line')
    .addHelpText('after', examples('kaiyuan tokenize mini "Hello"', 'kaiyuan tokenize model.gguf "你好" --json'))
    .action(async (model: string, text: string, options: TokenizeFlags) =>
      (await import('./tokenize.js')).tokenize(model, text, options),
    )

  cli
    .command('inspect [model]')
    .description(
      'architecture, parameters, formats, memory and speed to expect; MODEL may be a config.json without weights',
    )
    .option('--synthetic <spec>', 'a shape instead of a model, as in bench: deepseek-v3:fp8, llama4-behemoth:q4_k')
    .option('--tensors', 'every tensor')
    .addOption(new Option('--precision <which>', 'plan for (default: fast)').choices(['exact', 'fast']))
    .addOption(new Option('--quantize <bits>', 'plan for weights requantised at load').choices(['q8', 'q4']))
    .addOption(new Option('--kv-cache <format>', 'plan for keys and values in (default: f16)').choices(['f16', 'q8']))
    .addOption(new Option('--speculate <how>', 'plan with the layer for it').choices(['mtp', 'ngram']))
    .option('--bandwidth <GB/s>', 'memory bandwidth to reckon with (default: measured; 0: no speed)', number)
    .option('--threads <count>', 'threads that measure it (default: one per core)', integer)
    .option('--json', 'one JSON object on one line')
    .addHelpText(
      'after',
      examples(
        'kaiyuan inspect ./Kimi-K2-Instruct',
        'kaiyuan inspect model.gguf --tensors',
        'kaiyuan inspect ./config.json --bandwidth 400 --quantize q4',
        'kaiyuan inspect --synthetic llama4-behemoth:fp8 --bandwidth 800',
      ),
    )
    .action(async (model: string | undefined, options: InspectFlags) =>
      (await import('./inspect.js')).inspect(model, options),
    )

  const perplexity = cli
    .command('perplexity <model>')
    .description('perplexity over a text file')
    .requiredOption('--file <file>', 'text to score')
    .option('--window <tokens>', 'tokens in one window', integer)
    .option('--json', 'one JSON object on one line')
  loadFlags(perplexity)
    .addHelpText(
      'after',
      examples(
        'kaiyuan perplexity mini --file story.txt',
        'kaiyuan perplexity model.gguf --file wiki.txt --precision exact --json',
      ),
    )
    .action(async (model: string, options: PerplexityFlags) =>
      (await import('./perplexity.js')).perplexity(model, options),
    )

  const bench = cli
    .command('bench [model]')
    .description('load time, prefill and decode speed, memory')
    .option('--synthetic <spec>', 'random weights of a shape: qwen3-0.6b:q4_0, or its first layers: deepseek-v3:q4_0:4')
    .option('-p, --prompt-tokens <count>', 'tokens of the prompt', integer, 256)
    .option('-n, --new-tokens <count>', 'tokens to decode', integer, 64)
    .option('--depth <count>', 'tokens in the cache before the prompt', integer, 0)
    .option('--streams <count>', 'answers side by side; speeds are of all together', integer, 1)
    .option('--rounds <count>', 'counted repetitions', integer, 3)
    .option('--prompts <file>', 'with --speculate: prompts to compare on, one a line (text, or JSON with a prompt)')
    .option('--profile', 'where the time of a step goes: per op and per thread, working and waiting')
    .option('--json', 'one JSON object on one line')
  loadFlags(bench)
    .addHelpText(
      'after',
      examples(
        'kaiyuan bench --synthetic qwen3-0.6b:q4_0',
        'kaiyuan bench model.gguf -p 512 -n 128 --threads 4 --json',
        'kaiyuan bench model.gguf --profile',
        'kaiyuan bench ./DeepSeek-V3 --speculate mtp --prompts questions.txt -n 200',
      ),
    )
    .action(async (model: string | undefined, options: BenchFlags) =>
      (await import('./bench.js')).bench(model, options),
    )

  cli
    .command('start [question...]', { hidden: true })
    .action(async (question: string[]) => (await import('./start.js')).start(question.join(' ')))
  return cli
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`
}

/** 2 for mistakes of the user, 1 for ours, 0 when the reader of our output has gone. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UserError) {
    process.stderr.write(`kaiyuan: ${error.message}\n`)
    return error.code === 'aborted' ? 130 : 2
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
}

/** Ends the process, worker threads included, when everything is written. */
function leave(code: number): void {
  process.stdout.write('', () => process.exit(code))
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
program()
  .parseAsync()
  .then(
    () => leave(0),
    (error: unknown) => leave(exitCode(error)),
  )
