import type { Command } from 'commander'

/** What `npm start` calls; not in the help. */
export function startCommand(cli: Command): void {
  cli
    .command('start [question...]', { hidden: true })
    .action(async (question: string[]) => (await import('../start/start.js')).start(question.join(' ')))
}
