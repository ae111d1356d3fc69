import type { Lag, Reason } from '../outcome.js'
import { countryName, months, number, range, type Words } from './words.js'

function day(text: string): string {
  const [year, month, date] = text.split('-').map(Number)
  return `${year} 年 ${month} 月 ${date} 日`
}

const country = (code: string): string => countryName(code, 'zh')

function lag(lag: Lag): string {
  if ('unknown' in lag) return ''
  const { days, after } = lag
  if (days < 0) return `，比首个达到该水平的闭源模型 ${after} 早 ${-days} 天`
  return `，比首个达到该水平的闭源模型 ${after} 晚 ${days} 天（${months(days)} 个月）`
}

/** Notes of the data are in English, and are quoted. */
function unknown(reason: Reason): string {
  switch (reason.reason) {
    case 'after-data':
      return `未知：数据截至 ${day(reason.last)}，此后的情况不得而知`
    case 'after-ratings':
      return `未知：数据中该标尺的最后一次评分在 ${day(reason.last)}`
    case 'before-ratings':
      return `未知：该标尺的评分始于 ${day(reason.first)}`
    case 'no-value':
      return `未知（数据注：${reason.note}）`
    case 'weights-not-out':
      return `未知：榜上居首的 ${reason.model} 当时尚未开放权重`
    case 'too-few':
      return `样本太少：仅 ${reason.rated} 个模型有评分`
    case 'not-listed':
      return `未进入榜单前 ${reason.listed} 名`
    case 'not-rated':
      return '没有开放模型获得评分'
    case 'no-countries':
      return '未知：该表只列出总体最佳'
  }
}

export const zh: Words = {
  day,
  country,
  lag,
  unknown,
  licence: (licence) => (licence === undefined ? '' : `，${licence}`),
  points: (ruler, { points, interval }) =>
    `${number(Math.abs(points), ruler)} 个 ${ruler === 'eci' ? 'ECI' : 'Arena'} 分${range(interval, ruler)}`,
  best: (on, { best, gap, lag: after }, closed, ruler) => {
    const from = best.country === undefined ? '' : country(best.country)
    const note = [from, best.licence].filter(Boolean).join('，')
    const what = note === '' ? best.model : `${best.model}（${note}）`
    const way = gap.points < 0 ? '高出' : '低'
    const place = gap.tie ? `与 ${closed.model} 不分高下（${way} ${zh.points(ruler, gap)}）` : `比 ${closed.model} ${way} ${zh.points(ruler, gap)}` // prettier-ignore
    return `${on}，最好的开放模型是 ${what}：${place}${after ? lag(after) : ''}。`
  },
  onlyClosed: (on, { model }) => `${on}，最好的闭源模型是 ${model}；最好的开放模型`,
  ties: ([first, ...others], score) => {
    if (!first) return ''
    const rest = others.length === 0 ? '' : `及另外 ${others.length} 个模型`
    return `它与 ${first.model}（${score(first)}）${rest}不分高下：区间重叠。`
  },
  ofCountry: (code, { best, gap, lag: after, rated }, ruler) => {
    const size = `${number(Math.abs(gap.points), ruler)} 分${range(gap.interval, ruler)}`
    const place = gap.tie ? `相差 ${size}，不分高下` : `${gap.points < 0 ? '领先' : '落后'} ${size}`
    const late = after && !('unknown' in after) ? `，比 ${after.after} 晚 ${after.days} 天` : ''
    const count = rated === undefined ? '' : `；共 ${rated} 个模型有评分`
    return `${country(code)}最好的是 ${best.model}：${place}${late}${count}。`
  },
  unknownCountry: (code, reason) => `${country(code)}：${unknown(reason)}。`,
  ruler: (ruler, board, snapshot, isLater) => {
    const name = ruler === 'eci' ? 'Epoch 能力指数（ECI）' : 'Arena 文本榜'
    const style = board === 'arena-text-style-control' ? '（风格控制）' : ''
    return `${name}${style}，评分日期 ${day(snapshot)}${isLater ? '，只计当时已发布的模型' : ''}`
  },
}
