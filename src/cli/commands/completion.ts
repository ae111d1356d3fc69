import type { Command } from 'commander'
import { examples } from '../print/examples.js'

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
    .action(answer)
  cli.command(`${ASK} [args...]`, { hidden: true }).action(answer)
}
