import { Option, type Command } from 'commander'
import { collect, integer, loadFlags, number } from '../flags.js'
import type { CompareFlags } from './compare.js'
import type { EvalFlags } from './eval.js'
import type { FidelityFlags } from './fidelity.js'
import type { ReportFlags } from './report.js'
import type { ShowFlags } from './tasks.js'

/**
 * `kaiyuan eval MODEL`, and its other words: list, show, compare, report, fidelity.
 * @param examples writes the end of a help, as all commands have it
 */
export function evalCommand(cli: Command, examples: (...lines: string[]) => string): void {
  const command = cli
    .command('eval')
    .description('benchmarks with the prompts and scores of lm-evaluation-harness, on a model or a server')
    .addHelpText(
      'after',
      examples(
        'kaiyuan eval smollm2 --tasks arc_easy,gsm8k --limit 100 --out results/smollm2',
        'kaiyuan eval http://127.0.0.1:8080 --tasks gsm8k --out results/server',
        'kaiyuan eval show gsm8k --shots 2',
        'kaiyuan eval compare results/a results/b',
        'kaiyuan eval report results/a results/b --html report.html',
      ),
    )
  runCommand(command)
  listCommand(command)
  showCommand(command)
  compareCommand(command)
  reportCommand(command)
  fidelityCommand(command)
}

function runCommand(command: Command): void {
  const run = command
    .command('run <model>', { isDefault: true })
    .description('ask a model the questions of tasks; run may be left out')
    .requiredOption('--tasks <names>', 'tasks, between commas (kaiyuan eval list)')
    .option('--out <dir>', 'keep every answer here, and go on with what is here already')
    .option('--json', 'the results as one JSON object on one line')
    .option('--repeats <count>', 'answers to each document, for pass@k', integer)
    .option('--temperature <number>', 'of tasks that are answered in words (default: 0)', number)
    .option('--top-p <number>', 'smallest set of tokens with this probability', number)
    .option('--max-tokens <count>', "most tokens of an answer, in place of the task's", integer)
    .option('--seed <number>', 'of answers that are drawn (default: 1234)', integer)
    .option('--chat', "prompts as conversations, by the model's own template")
    .option('--run-code', 'run programs that the model wrote, in a sandbox: a guard, not a wall')
    .option('--since <day>', 'only documents that were published on this day or later (LiveCodeBench)')
    .option('--until <day>', 'only documents that were published on this day or before')
    .option('--concurrency <count>', 'requests at once', integer)
    .option('--model <name>', 'of a server that has several')
  taskFlags(run)
  loadFlags(run).action(async (model: string, options: EvalFlags) =>
    (await import('./eval.js')).evalModel(model, options),
  )
}

/** What decides about prompts. */
function taskFlags(command: Command): Command {
  return command
    .option('--limit <count>', 'only so many documents of each task', integer)
    .option('--shots <count>', "examples in each prompt, in place of the task's", integer)
    .addOption(
      new Option('--data <dir>', 'a folder with files of tasks that were fetched before').env('KAIYUAN_EVAL_DATA'),
    )
}

function listCommand(command: Command): void {
  command
    .command('list')
    .description('the tasks that there are')
    .option('--json', 'one JSON object on one line')
    .action(async (options: { readonly json?: boolean }) => (await import('./tasks.js')).listTasks(options))
}

function showCommand(command: Command): void {
  const show = command.command('show <task>').description('a prompt as it is sent')
  taskFlags(show)
    .option('--document <number>', 'which (default: 0, the first)', integer)
    .action(async (task: string, options: ShowFlags) => (await import('./tasks.js')).showTask(task, options))
}

function compareCommand(command: Command): void {
  command
    .command('compare <a> <b>')
    .description('two results on the same documents: is there a difference?')
    .option('--task <name>', 'only this one; may be given again', collect)
    .option('--json', 'one JSON object on one line')
    .action(async (a: string, b: string, options: CompareFlags) =>
      (await import('./compare.js')).compare(a, b, options),
    )
}

function reportCommand(command: Command): void {
  command
    .command('report <folders...>')
    .description('kept results: scores, differences, and with --html a page with charts and what went wrong')
    .option('--html <file>', 'one file for a browser, which needs nothing else')
    .addOption(new Option('--lang <language>', 'of the page').choices(['en', 'zh']).default('en'))
    .option('--failures <count>', 'documents of each task that the page shows', integer, 20)
    .option('--json', 'one JSON object on one line')
    .action(async (folders: string[], options: ReportFlags) => (await import('./report.js')).report(folders, options))
}

function fidelityCommand(command: Command): void {
  const fidelity = command
    .command('fidelity <model>')
    .description('how far fast, a smaller cache and fewer bits are from exact, on a text')
    .option(
      '--against <which>',
      'exact, another form of the model (the published weights of a quantised file), or a server that runs it',
      'exact',
    )
    .option('--file <file>', 'a text in place of the bundled one (prose, code, Chinese)')
    .option('--window <tokens>', 'tokens in one window (default: 512)', integer)
    .option('--model <name>', 'of a server that has several')
    .option('--json', 'one JSON object on one line')
  loadFlags(fidelity).action(async (model: string, options: FidelityFlags) =>
    (await import('./fidelity.js')).fidelity(model, options),
  )
}
