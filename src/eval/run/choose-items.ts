import { UserError } from '../../errors.js'
import type { Item } from '../task/task.js'

/** An item with its place in the task. */
export interface NumberedItem {
  readonly id: number
  readonly item: Item
}

/** The first `limit` documents; of a task with groups, from each group in turn, in the task's order. */
export function chooseItems(items: readonly Item[], limit: number | undefined): NumberedItem[] {
  const numbered = items.map((item, id) => ({ id, item }))
  if (limit === undefined) return numbered
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new UserError(`limit: expected a whole number of at least 1, found ${limit}`, 'invalid_argument')
  const seen = new Map<string, number>()
  const rounds = numbered.map(({ item: { group = '' } }) => {
    const round = seen.get(group) ?? 0
    seen.set(group, round + 1)
    return round
  })
  return [...numbered]
    .sort((a, b) => rounds[a.id]! - rounds[b.id]! || a.id - b.id)
    .slice(0, limit)
    .sort((a, b) => a.id - b.id)
}
