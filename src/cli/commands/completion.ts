import type { Command } from 'commander'
import { examples } from '../print/examples.js'
import { BASH_SCRIPT } from './completion-bash.js'

/** How scripts of shells ask for what may come next. */
const ASK = 'complete'
const SCRIPT = 'completion'

/**
 * Scripts for shells, and what these ask when somebody presses Tab. What answers is loaded then, and not at every start.
 * @param declared the commands that can be completed
 */
export function completionCommand(cli: Command, declared: () => Command): void {
  const answer = async (): Promise<void> => {
    const { default: tab } = await import('@bomb.sh/tab/commander')
    const known = declared()
    tab(known, { completionCommandName: SCRIPT })
    await known.parseAsync()
  }
  cli
    .command(`${SCRIPT} <shell>`)
    .description('a script that lets a shell complete commands and flags: bash, zsh, fish or powershell')
    .addHelpText('after', examples('source <(kaiyuan completion bash)'))
    .action(async (shell: string) => {
      // The library's script for bash runs what is typed.
      if (shell === 'bash') process.stdout.write(BASH_SCRIPT)
      else if (shell === 'powershell') process.stdout.write(await powershellScript())
      else await answer()
    })
  cli.command(`${ASK} [args...]`, { hidden: true }).action(answer)
}

/** What the library writes between quotes, and runs. */
const QUOTED = `($_ -replace "'", "''")`
const ESCAPED = '[System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($_)'

/** The library's script; in PowerShell other apostrophes, as in it’s, end a text too, and what came after one was run. */
async function powershellScript(): Promise<string> {
  const { default: tab } = await import('@bomb.sh/tab')
  const { log } = console
  let script = ''
  console.log = (text: string) => void (script += `${text}\n`)
  try {
    tab.setup('kaiyuan', 'kaiyuan', 'powershell')
  } finally {
    console.log = log
  }
  if (!script.includes(QUOTED)) throw new Error('the script for PowerShell is not the one that is known')
  return script.replace(QUOTED, () => ESCAPED)
}
