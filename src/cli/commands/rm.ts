import type { Command } from 'commander'
import type { RemoveFlags } from '../store/remove.js'
import { examples } from '../print/examples.js'

export function rmCommand(cli: Command): void {
  cli
    .command('rm <names...>')
    .description('delete models from the cache; files that other models share stay')
    .option('--json', 'one JSON object on one line for each model')
    .addHelpText('after', examples('kaiyuan rm smollm2', 'kaiyuan rm Qwen/Qwen3-0.6B-GGUF:Q8_0'))
    .action(async (names: string[], options: RemoveFlags) =>
      (await import('../store/remove.js')).remove(names, options),
    )
}
