import type { Language } from '../../src/race/words/words.js'

const en = {
  title: 'The open race',
  subtitle: 'Where open models stand against closed ones, on any day, and what is not known.',
  other: '中文',
  date: 'Day',
  ruler: 'Ruler',
  claim: 'The claim of July 2025',
  claimText:
    '“The US is out of the open race”, it was said when a lab held back its open model; Europe, too. What the data say:',
  frontier: 'The frontier over time',
  eciFrontier:
    'Best closed and best open models by the Epoch Capabilities Index, in the snapshot of 19 December 2025, the last one with intervals (bands: 90 %).',
  arenaFrontier:
    'Best closed and best open models on the raw text board of the Arena. Style-controlled tables are another ruler and are not drawn; lines stop where nothing is known.',
  gap: 'The gap',
  gapPoints:
    'ECI points from the best closed model to the best open one of each country, in the snapshot of 19 December 2025.',
  gapLag:
    'Days from the first closed model of a level to the best open one of each country that reached it, in the same snapshot.',
  open: 'Who is open on this day',
  filter: 'Show',
  filters: { all: 'All that can be downloaded', osi: 'OSI-approved licence', full: 'Fully open: data or recipe too' },
  country: 'Country',
  anywhere: 'All countries',
  columns: ['Model', 'Lab', 'Country', 'Weights since', 'Licence', 'Parameters', 'ECI, April 2026'],
  timeline: 'Releases by country',
  timelineText:
    'Filled: weights can be downloaded. Cross: previewed and never released. Ring: Meta’s closed models since.',
  behemoth: 'Behemoth: previewed, never released',
  run: 'Run it',
  runText:
    'What each open model needs here is said before a byte is fetched. “at 4 bits” is what its parameters would take.',
  runColumns: ['Model', 'At 4 bits', 'What it needs, and whether it runs here'],
  more: 'All others',
  method: 'Method, sources, licences',
  rules: [
    'Ratings are compared inside of one snapshot only; the two rulers, and the two boards of the Arena, are never joined.',
    'Gap: best closed minus best open, of models that were out, with weights that were out, on the day.',
    'Brackets: 90 % intervals of the ECI, 95 % of the Arena; of a difference by the method of variance estimates recovery. Where intervals overlap it is a tie.',
    'Lag: from the first closed model of at least that score in the same whole snapshot to the day when the weights came.',
    'A missing licence is not an open one. Fewer than five rated models of a country are too few. Of later days nothing is said, nor of causes.',
  ],
  credit:
    'Ratings: Epoch AI, “Capabilities & benchmarking”, epoch.ai/benchmarks (CC BY 4.0); Arena (LMArena) leaderboard dataset, huggingface.co/datasets/lmarena-ai/leaderboard-dataset (CC BY 4.0), openness and country are ours. Dates and sizes after Epoch AI (CC BY 4.0), models.dev (MIT), Model Openness Tool (MIT) and the model cards.',
  asOf: 'Data as of',
  download: 'Download',
  numbers: 'The numbers',
  closed: 'closed',
  best: 'Best',
}

const zh: typeof en = {
  title: '开放模型竞赛',
  subtitle: '任一日期，开放模型与闭源模型相比处于什么位置，以及哪些情况未知。',
  other: 'English',
  date: '日期',
  ruler: '标尺',
  claim: '2025 年 7 月的说法',
  claimText: '一家实验室扣下其开放模型时，有人说“美国已退出开放竞赛”，欧洲也是。数据如何说:',
  frontier: '前沿的变化',
  eciFrontier: 'Epoch 能力指数下最好的闭源与开放模型；取 2025 年 12 月 19 日的快照，即最后一个带区间的快照(色带:90%)。',
  arenaFrontier: 'Arena 原始文本榜上最好的闭源与开放模型。风格控制榜是另一把标尺，不画在此；未知之处线条中断。',
  gap: '差距',
  gapPoints: '最好的闭源模型与各国最好的开放模型相差的 ECI 分(2025 年 12 月 19 日快照)。',
  gapLag: '从首个达到某水平的闭源模型，到各国首先达到该水平的最佳开放模型，相隔的天数(同一快照)。',
  open: '当天有哪些开放模型',
  filter: '显示',
  filters: { all: '所有可下载的', osi: 'OSI 认可的许可', full: '完全开放：含数据或配方' },
  country: '国家',
  anywhere: '所有国家',
  columns: ['模型', '实验室', '国家', '权重日期', '许可', '参数量', 'ECI(2026 年 4 月)'],
  timeline: '各国的发布',
  timelineText: '实心：权重可下载。叉号：预告后从未发布。空心:Meta 此后的闭源模型。',
  behemoth: 'Behemoth:预告后从未发布',
  run: '运行它们',
  runText: '每个开放模型在本机需要什么，在下载之前就会说明。“4 位”是其参数所占的大小。',
  runColumns: ['模型', '4 位', '需要什么、能否在本机运行'],
  more: '其他全部',
  method: '方法、来源、许可',
  rules: [
    '评分只在同一快照内比较；两把标尺、Arena 的两张榜，从不合并。',
    '差距：当天已发布的最好闭源模型，减去当天权重已开放的最好开放模型。',
    '方括号:ECI 为 90% 区间,Arena 为 95%;差值的区间用方差估计恢复法求得。区间重叠即不分高下。',
    '滞后：从同一完整快照中首个不低于该分的闭源模型，到权重开放之日。',
    '缺少许可信息不算开放许可。一国有评分的模型不足五个，样本太少。此后的日期不作陈述，也不谈原因。',
  ],
  credit:
    '评分:Epoch AI, “Capabilities & benchmarking”, epoch.ai/benchmarks(CC BY 4.0);Arena (LMArena) leaderboard dataset, huggingface.co/datasets/lmarena-ai/leaderboard-dataset(CC BY 4.0),开放与否及国家由我们标注。日期与规模参考 Epoch AI(CC BY 4.0)、models.dev(MIT)、Model Openness Tool(MIT)及模型卡。',
  asOf: '数据截至',
  download: '下载',
  numbers: '数据表',
  closed: '闭源',
  best: '最佳',
}

export type PageWords = typeof en

export const PAGE_WORDS: Readonly<Record<Language, PageWords>> = { en, zh }
