// Where a prompt of ours is not transformers', with the reason. Everything else is the same, byte for byte, or refused by both.

/** What the reference fails with, where we render all the same. */
const RENDERED_ALL_THE_SAME = [
  [
    /^SecurityError: access to attribute '(append|pop)' of 'list' object/,
    "the template changes a list of its own, as it may in llama.cpp; else no conversation with a tool's result could continue",
  ],
  [
    /^TypeError: Object of type generator is not JSON serializable/,
    'the template means the list that the generator stands for',
  ],
  [
    /^TypeError: can only concatenate str \(not "dict"\) to str/,
    'the template wants the arguments of calls as JSON text, and gets them so',
  ],
  [
    /^TemplateError: Cannot pass both content and thinking/,
    'gpt-oss refuses a thought next to a text before a call; the thought is left out',
  ],
]

/** Tools without a description or parameters, which OpenAI's API allows, are given empty ones where a template fails without. */
const BARE = ['tools-bare', 'no-arguments']
const LACKING =
  /^(UndefinedError: 'dict object' has no attribute '(description|parameters)'|TypeError: Object of type Undefined is not JSON serializable)/

/** Texts that differ, by the template's name. */
const DIFFERENT_TEXTS = [
  [
    /^meetkai-functionary-medium-v3\.1/,
    "transformers' text is an accident: `|safe` before `+` escapes the tools that follow as HTML",
  ],
  [/^upstage-Solar-Open/, 'the template reads thoughts under a name that transformers does not give: reasoning'],
]

/**
 * Why a prompt differs; undefined where it may not.
 * @param expected the reference's outcome
 * @param got ours
 */
export function reasonFor(template, conversation, expected, got) {
  if (got.text === undefined) return undefined
  if (expected.text !== undefined) return DIFFERENT_TEXTS.find(([name]) => name.test(template))?.[1]
  const known = RENDERED_ALL_THE_SAME.find(([error]) => error.test(expected.error))?.[1]
  if (known !== undefined) return known
  return BARE.includes(conversation) && LACKING.test(expected.error)
    ? 'tools get the description and parameters that they lack'
    : undefined
}

/** One-liners with another outcome. */
export const ONE_LINERS = new Map([
  ["{{ d.items }}|{{ d['items'] }}", "Python's text of a method holds an address"],
  ['{{ d.get }}', "Python's text of a method holds an address"],
  ["{{ l | map('string') | tojson is defined }}", 'a generator is a list to tojson where the template fails otherwise'],
  ['{{ self is defined }}', 'there are no blocks of other templates to call'],
])
