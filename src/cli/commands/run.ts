import type { Command } from 'commander'
import type { RunFlags } from '../run.js'
import { loadFlags, samplingFlags } from '../flags.js'
import { examples } from './examples.js'

export function runCommand(cli: Command): void {
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
      (await import('../run.js')).run(model, prompt, options),
    )
}
