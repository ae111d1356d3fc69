import type { Command } from 'commander'
import type { TokenizeFlags } from '../tokenize.js'
import { examples } from '../print/examples.js'

export function tokenizeCommand(cli: Command): void {
  cli
    .command('tokenize <model> <text>')
    .description('text to token ids')
    .option('--plain', 'text only: no special tokens are added or recognised')
    .option('--json', 'one JSON object on one line')
    .addHelpText('after', examples('kaiyuan tokenize mini "Hello"', 'kaiyuan tokenize model.gguf "你好" --json'))
    .action(async (model: string, text: string, options: TokenizeFlags) =>
      (await import('../tokenize.js')).tokenize(model, text, options),
    )
}
