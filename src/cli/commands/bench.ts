import type { Command } from 'commander'
import type { BenchFlags } from '../bench.js'
import { integer, loadFlags } from '../flags.js'
import { examples } from '../print/examples.js'

export function benchCommand(cli: Command): void {
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
      (await import('../bench.js')).bench(model, options),
    )
}
