import { Option, type Command } from 'commander'
import type { RaceFlags } from './race.js'

const DATA = ['--data <folder>', 'a folder with the CSV files (default: those of the package)'] as const

/** @param examples writes the end of a help, as all commands have it */
export function raceCommand(cli: Command, examples: (...lines: string[]) => string): void {
  const race = cli
    .command('race')
    .description('where open models stand against closed ones on a day: gap, lag, who leads, and what is not known')
    .option('--date <day>', 'YYYY-MM-DD (default: the newest ratings of the ruler)')
    .addOption(new Option('--ruler <which>', 'what measures').choices(['eci', 'arena']).default('eci'))
    .option('--snapshot <day>', 'other ratings of the ECI than the last ones at or before the day')
    .option('--country <code>', 'the best of one country, such as FR')
    .addOption(new Option('--lang <language>', 'of the answer').choices(['en', 'zh']).default('en'))
    .option('--claim', 'what the data say of the claim of July 2025 that the US and Europe are out of the open race')
    .option('--json', 'one JSON object')
    .option('--html <file>', 'the page with charts, for this day and language, as one file')
    .option(...DATA)
    .addHelpText(
      'after',
      examples(
        'kaiyuan race',
        'kaiyuan race --date 2025-07-15 --country US',
        'kaiyuan race --date 2025-12-11 --ruler arena --json',
        'kaiyuan race --lang zh --html race.html',
        'kaiyuan race check --data ./race',
      ),
    )
    .action(async (flags: RaceFlags) => (await import('./race.js')).race(flags))
  race
    .command('check')
    .description('whether the files are well formed and agree: columns, days, sources, names, order')
    .option(...DATA)
    .addHelpText('after', examples('kaiyuan race check', 'kaiyuan race check --data ./race'))
    .action(async (_, command: Command) => (await import('./edit.js')).checkRace(command.optsWithGlobals()))
  race
    .command('add <file> <values...>')
    .description('one more row, in its place, checked with everything else, as COLUMN=VALUE')
    .option(...DATA)
    .addHelpText(
      'after',
      examples('kaiyuan race add names ruler=arena name=glm-6 title=GLM-6 country=CN --data ./race'),
    )
    .action(async (file: string, values: string[], _, command: Command) =>
      (await import('./edit.js')).addRow(file, values, command.optsWithGlobals()),
    )
}
