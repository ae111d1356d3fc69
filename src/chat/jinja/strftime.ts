const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
]

interface Field {
  readonly value: string | number
  readonly width?: number
  /** What it is filled up with where nothing else is asked for. */
  readonly fill?: '0' | ' '
}

const number = (value: number, width = 2, fill: '0' | ' ' = '0'): Field => ({ value, width, fill })

/** A date in the directives and flags of C's strftime, in the C locale and the local time: datetime.now() of Python. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%([-_0^#]?)(\d*)([^])/g, (whole, flag: string, width: string, directive: string) => {
    if (directive in COMPOSED) return strftime(date, COMPOSED[directive]!)
    const field = Object.hasOwn(FIELDS, directive) ? FIELDS[directive]!(date) : undefined
    return field ? fieldText(field, flag, width.slice(0, 3)) : whole
  })
}

function fieldText({ value, width = 0, fill = '0' }: Field, flag: string, asked: string): string {
  const text = String(value)
  const wide = asked === '' ? width : Number(asked)
  if (flag === '-') return text
  if (flag === '_') return text.padStart(wide, ' ')
  if (flag === '^') return text.toUpperCase().padStart(wide, fill)
  if (flag === '#') return text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase()
  return text.padStart(wide, flag === '0' ? '0' : typeof value === 'number' ? fill : ' ')
}

const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  v: '%e-%b-%Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
}

const FIELDS: Readonly<Record<string, (date: Date) => Field>> = {
  '%': () => ({ value: '%' }),
  n: () => ({ value: '\n' }),
  t: () => ({ value: '\t' }),
  a: (date) => ({ value: DAYS[date.getDay()]!.slice(0, 3) }),
  A: (date) => ({ value: DAYS[date.getDay()]! }),
  b: (date) => ({ value: MONTHS[date.getMonth()]!.slice(0, 3) }),
  h: (date) => ({ value: MONTHS[date.getMonth()]!.slice(0, 3) }),
  B: (date) => ({ value: MONTHS[date.getMonth()]! }),
  C: (date) => number(Math.floor(date.getFullYear() / 100)),
  d: (date) => number(date.getDate()),
  e: (date) => number(date.getDate(), 2, ' '),
  // Python has microseconds where C has nothing.
  f: (date) => number(date.getMilliseconds() * 1000, 6),
  g: (date) => number(isoWeek(date).year % 100),
  G: (date) => number(isoWeek(date).year, 4),
  H: (date) => number(date.getHours()),
  I: (date) => number(date.getHours() % 12 || 12),
  j: (date) => number(dayOfYear(date) + 1, 3),
  k: (date) => number(date.getHours(), 2, ' '),
  l: (date) => number(date.getHours() % 12 || 12, 2, ' '),
  m: (date) => number(date.getMonth() + 1),
  M: (date) => number(date.getMinutes()),
  p: (date) => ({ value: date.getHours() < 12 ? 'AM' : 'PM' }),
  P: (date) => ({ value: date.getHours() < 12 ? 'am' : 'pm' }),
  s: (date) => number(Math.floor(date.getTime() / 1000), 1),
  S: (date) => number(date.getSeconds()),
  u: (date) => number(date.getDay() || 7, 1),
  w: (date) => number(date.getDay(), 1),
  U: (date) => number(Math.floor((dayOfYear(date) + 7 - date.getDay()) / 7)),
  W: (date) => number(Math.floor((dayOfYear(date) + 7 - ((date.getDay() + 6) % 7)) / 7)),
  V: (date) => number(isoWeek(date).week),
  y: (date) => number(date.getFullYear() % 100),
  Y: (date) => number(date.getFullYear(), 1),
  // A time without a zone, as datetime.now() gives it, prints none.
  z: () => ({ value: '' }),
  Z: () => ({ value: '' }),
}

function dayOfYear(date: Date): number {
  const day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return (day - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000
}

/** The week of ISO 8601, and the year that it belongs to: that of its Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7))
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 }
}
