import type { Command } from 'commander'
import type { ModelsFlags } from '../store/models.js'
import { examples } from '../print/examples.js'

export function modelsCommand(cli: Command): void {
  cli
    .command('models')
    .description('models that have a short name: what fits this machine, how fast it would be, the licence')
    .option('--all', 'all of them')
    .option('--json', 'one JSON object on one line for each model')
    .addHelpText('after', examples('kaiyuan models', 'kaiyuan models --all'))
    .action(async (options: ModelsFlags) => (await import('../store/models.js')).models(options))
}
