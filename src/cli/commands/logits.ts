import type { Command } from 'commander'
import type { LogitsFlags } from '../logits.js'
import { loadFlags } from '../flags.js'
import { examples } from '../print/examples.js'

export function logitsCommand(cli: Command): void {
  const logits = cli
    .command('logits <model>')
    .description('logits of every position, raw little-endian f32 [T, V]')
    .option('--ids <ids>', 'token ids: 1,2,3')
    .option('--prompt <text>', 'text')
    .requiredOption('--out <file>', 'file to write')
  loadFlags(logits)
    .addHelpText('after', examples('kaiyuan logits ./DeepSeek-V3 --ids 1,2,3 --out logits.f32 --precision exact'))
    .action(async (model: string, options: LogitsFlags) => (await import('../logits.js')).logits(model, options))
}
