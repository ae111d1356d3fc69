// The page's own script: moves the day, and says the sentence with the same code as the command.
import { dayOf, timeOf } from '../../src/race/data/days.js'
import type { RaceData, Ruler } from '../../src/race/data/rows.js'
import { sentenceHtml } from '../../src/race/preset.js'
import { standing } from '../../src/race/standing.js'
import { tell } from '../../src/race/words/sentence.js'
import type { Language } from '../../src/race/words/words.js'

type Packed = Record<string, { columns: string[]; rows: (string | number | null)[][] }>

/** Columns in which nothing is an empty text. */
const TEXTS = new Set(
  'variant licence hf_repo architecture note doubt accessibility organisation country model_id best_open_model'.split(
    ' ',
  ),
)

const find = <Kind extends Element>(selector: string): Kind => document.querySelector<Kind>(selector)!
const packed = JSON.parse(find('#data').textContent) as Packed
const data = Object.fromEntries(
  Object.entries(packed).map(([file, { columns, rows }]) => [
    file,
    rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? (TEXTS.has(column) ? '' : undefined)]))), // prettier-ignore
  ]),
) as unknown as RaceData
const language = document.documentElement.lang.slice(0, 2) as Language
const main = find<HTMLElement>('main')
const slider = find<HTMLInputElement>('#day')
const picker = find<HTMLInputElement>('#date')
const country = find<HTMLSelectElement>('#country')
const FROM = timeOf(slider.dataset['from']!)
const END = timeOf(slider.dataset['to']!)
const CHART = timeOf('2023-02-01')

function show(date: string): void {
  const ruler = (find<HTMLInputElement>('input[name=ruler]:checked').value || 'eci') as Ruler
  find('#sentence').innerHTML = sentenceHtml(tell(standing(data, date, ruler), date, language))
  slider.value = String(Math.round((timeOf(date) - FROM) / 86_400_000))
  slider.setAttribute('aria-valuetext', date)
  picker.value = date
  for (const chart of document.querySelectorAll<HTMLElement>('[data-chart]'))
    chart.hidden = chart.dataset['chart'] !== ruler
  for (const line of document.querySelectorAll<SVGElement>('.cursor')) {
    const [from, to] = [Number(line.dataset['from']), Number(line.dataset['to'])]
    const x = from + ((to - from) * (timeOf(date) - CHART)) / (END - CHART)
    for (const end of ['x1', 'x2']) line.setAttribute(end, String(Math.max(from, x)))
  }
  filter(date)
}

function filter(date: string): void {
  const { value } = find<HTMLInputElement>('input[name=filter]:checked')
  let shown = 0
  for (const row of document.querySelectorAll<HTMLElement>('#open tbody tr')) {
    const { since = '', licence, full, from } = row.dataset
    const fits = value === 'osi' ? licence === 'osi' : value === 'full' ? full === 'yes' : true
    row.hidden = since > date || !fits || (country.value !== '' && country.value !== from)
    if (!row.hidden) shown++
  }
  find('#shown').textContent = String(shown)
}

function download(file: string): void {
  const { columns, rows } = packed[file]!
  const cell = (value: string | number | null): string => {
    const text = String(value ?? '')
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const text = [columns, ...rows].map((row) => row.map(cell).join(',')).join('\n')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/csv' }))
  link.download = `${file}.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

const { date = '', ruler = 'eci' } = main.dataset
find<HTMLInputElement>(`input[name=ruler][value=${ruler}]`).checked = true
slider.addEventListener('input', () => show(dayOf(FROM + Number(slider.value) * 86_400_000)))
picker.addEventListener('change', () => { if (picker.value) show(picker.value) }) // prettier-ignore
for (const input of document.querySelectorAll('input[type=radio], select'))
  input.addEventListener('change', () => show(picker.value))
for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-file]'))
  button.addEventListener('click', () => download(button.dataset['file']!))
document.documentElement.classList.add('live')
show(date)
