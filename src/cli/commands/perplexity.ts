import type { Command } from 'commander'
import type { PerplexityFlags } from '../perplexity.js'
import { integer, loadFlags } from '../flags.js'
import { examples } from '../print/examples.js'

export function perplexityCommand(cli: Command): void {
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
      (await import('../perplexity.js')).perplexity(model, options),
    )
}
