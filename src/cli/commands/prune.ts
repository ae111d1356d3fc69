import type { Command } from 'commander'
import type { PruneFlags } from '../store/prune.js'
import { examples } from '../print/examples.js'

export function pruneCommand(cli: Command): void {
  cli
    .command('prune')
    .description('delete what no model needs: unfinished downloads, files without a name, old locks')
    .option('--dry-run', 'say what would be deleted, and delete nothing')
    .option('--keep-parts', 'keep unfinished downloads, which a pull resumes')
    .option('--json', 'one JSON object on one line')
    .addHelpText('after', examples('kaiyuan prune --dry-run', 'kaiyuan prune --keep-parts'))
    .action(async (options: PruneFlags) => (await import('../store/prune.js')).prune(options))
}
