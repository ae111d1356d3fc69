import { UserError } from '../../errors.js'
import type { Item } from '../task/task.js'

/** An item with its place in the task. */
export interface NumberedItem {
  readonly id: number
  readonly item: Item
}

/** Days between which documents have to be. */
export interface Window {
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** @throws UserError for what is no day, and for documents that have none */
export function windowOf(task: string, items: readonly Item[], { since, until }: Window): Window {
  for (const day of [since, until])
    if (day !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(day))
      throw new UserError(`a day: expected one such as 2025-01-31, found ${day}`, 'invalid_argument')
  if ((since ?? until) === undefined) return {}
  if (items.every(({ date }) => date === undefined))
    throw new UserError(`${task}: its documents have no days between which they could be taken`, 'invalid_argument')
  const days = items.flatMap(({ date }) => date ?? []).sort()
  if (!days.some((day) => isBetween(day, { since, until })))
    throw new UserError(
      `${task}: it has no documents from ${since ?? 'the beginning'} to ${until ?? 'the end'}; they are from ${days[0]} to ${days.at(-1)}`,
      'invalid_argument',
    )
  return { since, until }
}

function isBetween(day: string | undefined, { since, until }: Window): boolean {
  return (since === undefined || (day ?? '') >= since) && (until === undefined || (day ?? '') <= until)
}

/**
 * The first `limit` documents; of a task with groups, from each group in turn, in the task's order.
 * @param window only those that were published then
 */
export function chooseItems(items: readonly Item[], limit: number | undefined, window: Window = {}): NumberedItem[] {
  const numbered = items.map((item, id) => ({ id, item })).filter(({ item }) => isBetween(item.date, window))
  if (limit === undefined) return numbered
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new UserError(`limit: expected a whole number of at least 1, found ${limit}`, 'invalid_argument')
  const seen = new Map<string, number>()
  const rounds = new Map<number, number>()
  for (const { id, item } of numbered) {
    const { group = '' } = item
    const round = seen.get(group) ?? 0
    seen.set(group, round + 1)
    rounds.set(id, round)
  }
  return [...numbered]
    .sort((a, b) => rounds.get(a.id)! - rounds.get(b.id)! || a.id - b.id)
    .slice(0, limit)
    .sort((a, b) => a.id - b.id)
}
