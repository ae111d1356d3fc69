import { Option, type Command } from 'commander'
import { QUANTIZE_TARGETS } from '../../checkpoint/gguf/mixes.js'
import type { QuantizeFlags } from './quantize.js'
import { examples } from '../print/examples.js'

export function quantizeCommand(cli: Command): void {
  cli
    .command('quantize <model>')
    .description('write a GGUF file in fewer bits, which llama.cpp reads too')
    .addOption(
      new Option('--to <mix>', 'q4 to q8 (the most quality a byte), or a mix by the name it has in llama-quantize')
        .choices(QUANTIZE_TARGETS)
        .makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'the file to write')
    .option('--force', 'write a file that is there already anew')
    .option('--json', 'one JSON object on one line')
    .addHelpText(
      'after',
      examples(
        'kaiyuan quantize model-BF16.gguf --to q4 --out model-q4.gguf',
        'kaiyuan quantize model-F32.gguf --to Q6_K --out model-Q6_K.gguf',
        'kaiyuan quantize ./Qwen3-0.6B --to Q4_K_M --out Qwen3-0.6B-Q4_K_M.gguf',
      ),
    )
    .action(async (model: string, options: QuantizeFlags) => (await import('./quantize.js')).quantize(model, options))
}
