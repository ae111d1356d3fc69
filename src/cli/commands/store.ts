import type { Command } from 'commander'
import { examples } from '../print/examples.js'

export function storeCommand(cli: Command): void {
  cli
    .command('store')
    .description('where models are kept, how much they take, and how they are named')
    .option('--json', 'one JSON object on one line')
    .addHelpText('after', examples('kaiyuan store', 'KAIYUAN_CACHE=/data/models kaiyuan pull smollm2'))
    .action(async (options: { json?: boolean }) => (await import('../store/overview.js')).overview(options))
}
