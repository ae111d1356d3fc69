import { Command } from 'commander'
import { VERSION } from '../../server/version.js'
import { applyConfig } from '../config.js'
import { evalCommand } from '../eval/command.js'
import { raceCommand } from '../race/command.js'
import { mcpCommand } from '../mcp/command.js'
import { benchCommand } from './bench.js'
import { chatCommand } from './chat.js'
import { completionCommand } from './completion.js'
import { examples } from '../print/examples.js'
import { inspectCommand } from './inspect.js'
import { listCommand } from './list.js'
import { logitsCommand } from './logits.js'
import { modelsCommand } from './models.js'
import { perplexityCommand } from './perplexity.js'
import { pruneCommand } from './prune.js'
import { pullCommand } from './pull.js'
import { quantizeCommand } from '../quantize/command.js'
import { rmCommand } from './rm.js'
import { runCommand } from './run.js'
import { searchCommand } from './search.js'
import { serveCommand } from './serve.js'
import { startCommand } from './start.js'
import { storeCommand } from './store.js'
import { tokenizeCommand } from './tokenize.js'
import { verifyCommand } from './verify.js'

/**
 * The command line. A command is declared in the file of its name in this folder (those of eval and race in their own), its flags included; what it does is a module
 * that is loaded when it is called, so that the first token comes soon.
 */
export function program(): Command {
  const cli = declared()
  completionCommand(cli, declared)
  hintAtHelp(cli)
  return cli
}

/** An error names the help of the command that it belongs to. */
function hintAtHelp(command: Command, path = command.name()): void {
  command.showHelpAfterError(`(${path} --help shows what there is)`)
  for (const each of command.commands) hintAtHelp(each, `${path} ${each.name()}`)
}

/** All commands but those that complete others. */
function declared(): Command {
  const cli: Command = new Command('kaiyuan')
    .description('Run open-weight language models from the checkpoint their lab published.')
    .version(VERSION, '-v, --version', 'the version')
    .configureOutput({
      outputError: (text, write) => write(explained(text)),
      // Piped, for example into a pager, help is as wide as the shell says that the terminal is.
      getOutHelpWidth: () => process.stdout.columns ?? (Number(process.env['COLUMNS']) || 80),
    })
    .hook('preAction', (_, command) => applyConfig(cli, command))
    .exitOverride()
    .addHelpText(
      'after',
      '\nMODEL is a name (smollm2, Qwen/Qwen3-0.6B, Qwen/Qwen3-0.6B-GGUF:Q8_0; kaiyuan store says which there are),\n' +
        'a folder in Hugging Face layout, a .gguf file, or mini (the default).',
    )
    .addHelpText(
      'after',
      examples(
        'kaiyuan run "What is 12 + 30?"',
        'kaiyuan run smollm2 "What is the capital of France?"',
        'kaiyuan chat Qwen/Qwen3-0.6B',
        'kaiyuan run --help',
      ),
    )
  runCommand(cli)
  chatCommand(cli)
  serveCommand(cli)
  mcpCommand(cli)
  modelsCommand(cli)
  searchCommand(cli)
  pullCommand(cli)
  listCommand(cli)
  rmCommand(cli)
  verifyCommand(cli)
  pruneCommand(cli)
  storeCommand(cli)
  logitsCommand(cli)
  tokenizeCommand(cli)
  inspectCommand(cli)
  perplexityCommand(cli)
  benchCommand(cli)
  evalCommand(cli, examples)
  raceCommand(cli, examples)
  quantizeCommand(cli)
  startCommand(cli)
  cli.command('version', { hidden: true }).action(() => void process.stdout.write(`${VERSION}\n`))
  return cli
}

/** Refusals of commander's, and the same in the form of all other messages. */
const REWORDED: readonly (readonly [RegExp, string])[] = [
  [
    /option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. Allowed choices are (.*)\./s,
    '$1: expected one of $3; found "$2"',
  ],
  [/option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (expected .*)\./s, '$1: $3; found "$2"'],
  [
    /option '[^']*' value '(.*)' from env '(\w+)' is invalid\. Allowed choices are (.*)\./s,
    '$2: expected one of $3; found "$1"',
  ],
  [/option '[^']*' value '(.*)' from env '(\w+)' is invalid\. (expected .*)\./s, '$2: $3; found "$1"'],
  [
    /command-argument value '(.*)' is invalid for argument '(.*)'\. Allowed choices are (.*)\./s,
    '<$2>: expected one of $3; found "$1"',
  ],
  [/option '(?:-\w, )?(--[\w-]+) (<[\w.-]+>)' argument missing/, '$1: expected $2, found nothing'],
  [/required option '(?:-\w, )?(--[\w-]+) (<[\w.-]+>)' not specified/, 'expected $1 $2, found none'],
  [/too many arguments for '(.*)'\. Expected (\d+) arguments? but got (\d+)\./, '$1: expected $2 arguments, found $3'],
  [/missing required argument '(.*)'/, 'expected <$1>, found none'],
]

/** As all other errors begin and are worded; and what to do with a prompt that looks like a flag. */
function explained(text: string): string {
  const isPrompt = /^error: unknown option '-([^'\s]* |\d|[^-a-zA-Z])/.test(text)
  const hint = isPrompt ? "a text that begins with - needs -- before it: kaiyuan run -- '-5 plus 3'\n" : ''
  const [form, words] = REWORDED.find(([form]) => form.test(text)) ?? []
  const reworded = form && words !== undefined ? text.replace(form, words) : text
  return reworded.replace(/^error: /, 'kaiyuan: ') + hint
}
