/** Which language a text is in, by its script and by the commonest words of the languages that IFEval asks for. */

const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['zh', /\p{Script=Han}/gu],
  ['th', /\p{Script=Thai}/gu],
  ['te', /\p{Script=Telugu}/gu],
  ['ta', /\p{Script=Tamil}/gu],
  ['kn', /\p{Script=Kannada}/gu],
  ['pa', /\p{Script=Gurmukhi}/gu],
  ['gu', /\p{Script=Gujarati}/gu],
  ['bn', /\p{Script=Bengali}/gu],
  ['he', /\p{Script=Hebrew}/gu],
]

/** Languages that share a script, by short words that the others lack. */
const WORDS: Readonly<Record<string, string>> = {
  en: 'the and of to in is that it for was with as on be at by this are you have not or from we but your they which will an if i my so me do no up can what about',
  de: 'der die und das ist nicht ein eine zu den mit von auf für im sich es ich sie auch dem wie wir aber',
  fr: 'le la les des et est une un du que qui dans pour pas sur ce il au avec son nous vous je ne plus',
  es: 'el los las que una por con para es del se no su al lo como más pero sus este y',
  pt: 'o os as que não uma um com por para do da em dos das se mais como ao é você seu',
  it: 'il gli che di non una per con del della sono è nel alla come più anche ma questo si',
  fi: 'ja on ei se että hän olla kun mutta tai niin ovat myös jos oli joka tämä',
  sw: 'na ya wa kwa ni katika za la cha ili kama hii yake hiyo watu',
  vi: 'và của là có không cho được một các người trong với để những này tôi',
  ru: 'и в не на что я с он как это по но они мы все за вы так от',
  bg: 'и на да се в не за е от с че са като по ще това който съм със ако',
  uk: 'і в не на що та з до це як я у він але за від ми є',
  mk: 'и на да во се не за е од со што ќе како тоа ги но',
  ar: 'في من على أن إلى هذا التي الذي لا ما كان هو عن مع',
  fa: 'و در به از که این را با است برای آن یک می خود های',
  ur: 'کے میں کی ہے اور کا سے کو کہ یہ نے پر ہیں ایک',
  hi: 'के में की है और का से को यह पर हैं एक कि नहीं ने',
  mr: 'आणि आहे या हे ते च्या मध्ये आहेत एक ची नाही होते',
  ne: 'र को मा छ यो हो पनि का लाई छन् एक गर्न भने',
}

/** Whether a text is in a language, by its two letters. A text without letters counts as in any. */
export function writtenIn(text: string, language: string): boolean {
  const found = languageOf(text)
  return found === undefined || found === language || (found === 'zh' && language.startsWith('zh'))
}

export function looksEnglish(text: string): boolean {
  return writtenIn(text, 'en')
}

/** The language; undefined of a text without letters. */
function languageOf(text: string): string | undefined {
  const letters = (text.match(/\p{L}/gu) ?? []).length
  if (letters === 0) return undefined
  const [script] = SCRIPTS.filter(([, own]) => (text.match(own) ?? []).length > letters / 5)
  if (script) return script[0]
  const counts = new Map<string, number>()
  for (const word of text.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
  const scores = Object.entries(WORDS).map(([language, own]) => {
    return [language, own.split(' ').reduce((sum, word) => sum + (counts.get(word) ?? 0), 0)] as const
  })
  const [best] = [...scores].sort(([, a], [, b]) => b - a)
  // Nothing that is known, in Latin letters: most such texts are English.
  return best && best[1] > 0 ? best[0] : /\p{Script=Latin}/u.test(text) ? 'en' : 'unknown'
}
