import type { Command } from 'commander'
import type { VerifyFlags } from '../store/verify.js'
import { examples } from '../print/examples.js'

export function verifyCommand(cli: Command): void {
  cli
    .command('verify [name]')
    .description('compare every byte of a model, or of all, with what its hub said')
    .option('--repair', 'take wrong files out of the cache, so that the next pull fetches them')
    .option('--json', 'one JSON object on one line for each file')
    .addHelpText('after', examples('kaiyuan verify', 'kaiyuan verify smollm2 --repair'))
    .action(async (name: string | undefined, options: VerifyFlags) =>
      (await import('../store/verify.js')).verify(name, options),
    )
}
