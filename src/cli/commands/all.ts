import { Command } from 'commander'
import { VERSION } from '../../server/version.js'
import { benchCommand } from './bench.js'
import { chatCommand } from './chat.js'
import { examples } from './examples.js'
import { inspectCommand } from './inspect.js'
import { logitsCommand } from './logits.js'
import { perplexityCommand } from './perplexity.js'
import { runCommand } from './run.js'
import { serveCommand } from './serve.js'
import { startCommand } from './start.js'
import { tokenizeCommand } from './tokenize.js'

/**
 * The command line. A command is declared in the file of its name in this folder, its flags included; what it does is a module
 * that is loaded when it is called, so that the first token comes soon.
 */
export function program(): Command {
  const cli = new Command('kaiyuan')
    .description('Run open-weight language models from the checkpoint their lab published.')
    .version(VERSION)
    .showHelpAfterError('(kaiyuan --help shows what there is)')
    .exitOverride()
    .addHelpText('after', '\nMODEL is a folder in Hugging Face layout, a .gguf file, or mini (the default).')
    .addHelpText('after', examples('kaiyuan run "What is 12 + 30?"', 'kaiyuan chat ./Qwen3-0.6B', 'kaiyuan run --help'))
  runCommand(cli)
  chatCommand(cli)
  serveCommand(cli)
  logitsCommand(cli)
  tokenizeCommand(cli)
  inspectCommand(cli)
  perplexityCommand(cli)
  benchCommand(cli)
  startCommand(cli)
  return cli
}
