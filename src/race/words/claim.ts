import type { ClaimJudged } from '../claim.js'
import { daysBetween } from '../data/days.js'
import { wordsOf } from './sentence.js'
import type { Language } from './words.js'

/** One part of the claim, what the data say of it in a word, and why. */
export interface Verdict {
  readonly claim: string
  readonly verdict: string
  readonly why: string
}

/** The claim of July 2025 in parts, each with its verdict. */
export function tellClaim(judged: ClaimJudged, language: Language): Verdict[] {
  return language === 'zh' ? inChinese(judged) : inEnglish(judged)
}

/** Mistral is one lab, whatever its models. */
const isOneLab = ({ europe }: ClaimJudged): boolean => europe.labs.length === 1

function inEnglish(judged: ClaimJudged): Verdict[] {
  const { leaders, boards, us, europe, date } = judged
  const words = wordsOf('en')
  const country = words.country(leaders.country)
  const next = us.next
    ? ` "Out" is too strong: ${daysBetween(date, us.next.date)} days later ${us.next.model} stood ${us.next.behindOpen.toFixed(1)} points behind the best open model.`
    : ''
  const labs = isOneLab(judged) ? `one lab with rated open models (${europe.labs.join()})` : `${europe.labs.length} labs with rated open models (${europe.labs.join(', ')})` // prettier-ignore
  const later = europe.later
    ? ` Too strong since ${words.day(europe.later.date)}: on the Arena ${europe.later.model} stood ${europe.later.behindOpen.toFixed(1)} points behind the best open model and ${europe.later.aheadOfUs.toFixed(1)} ahead of the best of the US.`
    : ''
  return [
    {
      claim: `${country} leads the open race`,
      verdict: 'holds',
      why: `The ${leaders.count} best open models of ${words.day(date)} were all of ${country}, and so was the best one on ${boards.led} of ${boards.of} days of the Arena since 24 January 2025.`,
    },
    {
      claim: 'The US is out',
      verdict: us.isBehind ? (us.next ? 'right that month, too strong after' : 'holds') : 'not shown',
      why: `${us.model}, the best of the US, was ${us.behindOpen.toFixed(1)} points behind the best open model and ${us.behindClosed.toFixed(1)} behind the best closed one; ${us.isBehind ? 'the intervals do not overlap' : 'the intervals overlap, which is a tie'}.${next}`,
    },
    { claim: 'Europe is out', verdict: europe.later ? 'too strong' : 'not shown', why: `Europe had ${labs}.${later}` },
  ]
}

function inChinese(judged: ClaimJudged): Verdict[] {
  const { leaders, boards, us, europe, date } = judged
  const words = wordsOf('zh')
  const country = words.country(leaders.country)
  const next = us.next
    ? `说“出局”则言过其实：${daysBetween(date, us.next.date)} 天后，${us.next.model} 距最好的开放模型 ${us.next.behindOpen.toFixed(1)} 分。`
    : ''
  const labs = `${europe.labs.length} 家实验室(${europe.labs.join('、')})的开放模型有评分`
  const later = europe.later
    ? `自 ${words.day(europe.later.date)} 起此说言过其实：在 Arena 上，${europe.later.model} 距最好的开放模型 ${europe.later.behindOpen.toFixed(1)} 分，领先美国最好的开放模型 ${europe.later.aheadOfUs.toFixed(1)} 分。`
    : ''
  return [
    {
      claim: `${country}领跑开放模型`,
      verdict: '成立',
      why: `${words.day(date)}，前 ${leaders.count} 名开放模型全部来自${country};2025 年 1 月 24 日以来的 ${boards.of} 个 Arena 榜单日中，有 ${boards.led} 天最好的开放模型来自${country}。`,
    },
    {
      claim: '美国已经出局',
      verdict: us.isBehind ? (us.next ? '当月属实，此后言过其实' : '成立') : '证据不足',
      why: `美国最好的开放模型 ${us.model} 距最好的开放模型 ${us.behindOpen.toFixed(1)} 分，距最好的闭源模型 ${us.behindClosed.toFixed(1)} 分；${us.isBehind ? '区间不重叠' : '区间重叠，不分高下'}。${next}`,
    },
    { claim: '欧洲已经出局', verdict: europe.later ? '言过其实' : '证据不足', why: `当时欧洲有 ${labs}。${later}` },
  ]
}
