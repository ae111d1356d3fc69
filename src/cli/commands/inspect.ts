import { Option, type Command } from 'commander'
import type { InspectFlags } from '../inspect.js'
import { integer, number } from '../flags.js'
import { WEIGHT_BITS } from '../../remote/load-options.js'
import { examples } from '../print/examples.js'

export function inspectCommand(cli: Command): void {
  cli
    .command('inspect [model]')
    .description(
      'architecture, parameters, formats, memory and speed to expect; MODEL may be a config.json without weights',
    )
    .option('--synthetic <spec>', 'a shape instead of a model, as in bench: deepseek-v3:fp8, llama4-behemoth:q4_k')
    .option('--tensors', 'every tensor')
    .option('--program', 'every op with the shapes that it reads and writes; layers alike are shown once')
    .option('--all', 'with --program: every layer')
    .addOption(new Option('--precision <which>', 'plan for (default: fast)').choices(['exact', 'fast']))
    .addOption(new Option('--quantize <bits>', 'plan for weights requantised at load').choices(WEIGHT_BITS))
    .addOption(new Option('--kv-cache <format>', 'plan for keys and values in (default: f16)').choices(['f16', 'q8']))
    .addOption(new Option('--speculate <how>', 'plan with the layer for it').choices(['mtp', 'ngram']))
    .option('--bandwidth <GB/s>', 'memory bandwidth to reckon with (default: measured; 0: no speed)', number)
    .option('--threads <count>', 'threads that measure it (default: one per core)', integer)
    .option(
      '--context <tokens>',
      'positions that are to fit here (default: 8192, or what the model was made for)',
      integer,
    )
    .option('--json', 'one JSON object on one line')
    .addHelpText(
      'after',
      examples(
        'kaiyuan inspect ./Kimi-K2-Instruct',
        'kaiyuan inspect model.gguf --tensors',
        'kaiyuan inspect ./config.json --program --bandwidth 0',
        'kaiyuan inspect ./config.json --bandwidth 400 --quantize q4',
        'kaiyuan inspect --synthetic llama4-behemoth:fp8 --bandwidth 800',
      ),
    )
    .action(async (model: string | undefined, options: InspectFlags) =>
      (await import('../inspect.js')).inspect(model, options),
    )
}
