import type { Command } from 'commander'
import type { RunFlags } from '../run/run.js'
import { collect, loadFlags, samplingFlags } from '../flags.js'
import { examples } from '../print/examples.js'

export function runCommand(cli: Command): void {
  const run = cli
    .command('run [model] [prompt...]')
    .description(
      'answer one prompt, streaming; a model that is named is fetched first; standard input and files are part of it',
    )
    .option('-f, --file <file>', 'a text file that belongs to the prompt; may be given again', collect)
    .option('--raw', 'no chat template: continue with the prompt as it is')
    .option('--ids <ids>', 'token ids as the prompt: 1,2,3')
    .option('--system <text>', 'system message')
    .option('--schema <json>', 'the answer is JSON of this schema: the schema, or a file with it')
    .option('--grammar <file>', 'the answer matches this grammar: .gbnf, .lark or .ebnf')
    .option('--tools <json>', 'functions that the model may call, as OpenAI has them: the array, or a file with it')
    .option('--prompt-cache <file>', 'keep what is computed of the prompt in a file, for the next call')
    .option('--hide-thinking', "leave the model's thoughts out")
    .option('--verbose', 'speed on stderr, after the answer')
    .option('--json', 'one JSON object on one line')
  samplingFlags(loadFlags(run))
    .addHelpText(
      'after',
      examples(
        'kaiyuan run "How many r\'s are in strawberry?"',
        'kaiyuan run smollm2 "What is the capital of France?"',
        'kaiyuan run Qwen/Qwen3-0.6B "Hello" --temperature 0 --max-tokens 100',
        'cat main.ts | kaiyuan run ./coder.gguf "Review this code"',
        'kaiyuan run ./Qwen3-0.6B "Three colours" --schema \'{"type":"array","items":{"type":"string"}}\'',
        'kaiyuan run ./coder.gguf -f book.txt "Who is Ahab?" --prompt-cache book.cache',
        'kaiyuan run model.gguf --ids 1,2,3 --json',
      ),
    )
    .action(async (model: string | undefined, prompt: string[], options: RunFlags) => {
      await (await import('../run/run.js')).run(model === undefined ? [] : [model, ...prompt], options)
    })
}
