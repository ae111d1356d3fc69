import { Option, type Command } from 'commander'
import { integer } from '../flags.js'
import type { SearchFlags } from '../store/search.js'
import { examples } from '../print/examples.js'

export function searchCommand(cli: Command): void {
  cli
    .command('search <text>')
    .description('models of a hub that run here, by words in their names')
    .option('--limit <count>', 'most lines (default: 20)', integer)
    .addOption(new Option('--source <which>', 'the hub').choices(['hf', 'modelscope']).default('hf'))
    .option('--all', 'those too that do not run here')
    .option('--token <token>', 'in place of HF_TOKEN, which ps does not show')
    .option('--json', 'one JSON object on one line for each model')
    .addHelpText('after', examples('kaiyuan search "qwen3 gguf"', 'kaiyuan search gemma --limit 5 --json'))
    .action(async (text: string, options: SearchFlags) => (await import('../store/search.js')).search(text, options))
}
