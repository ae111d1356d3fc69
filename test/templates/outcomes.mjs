// Ours and the reference's outcomes side by side.
import { ONE_LINERS, reasonFor } from './exceptions.mjs'
import { contextText, oneLiners } from './sets.mjs'

const TOKENS = { bos_token: '<BOS>', eos_token: '<EOS>', pad_token: '<PAD>', unk_token: '<UNK>' }

const outcome = (render) => {
  try {
    return { text: render() }
  } catch (error) {
    return { error: error.message }
  }
}

/** @param chat our modules: jinjaTemplate and parseJson */
export function renderOurs({ jinjaTemplate }, file, source, conversations) {
  const made = outcome(() => jinjaTemplate(source, TOKENS, file))
  if (made.error !== undefined) return () => made
  return (name) => {
    const { messages, tools, extra, addGenerationPrompt = true } = conversations[name]
    return outcome(() => made.text.render(messages, { addGenerationPrompt, tools, extra }))
  }
}

/**
 * How one prompt compares: `same`, `meant` (null content as "", developers as the system), `refused` by both, `known` with the
 * reason, or `different` with where.
 */
export function compared(template, conversation, [asGiven, asMeant], got) {
  if (got.text !== undefined && got.text === asGiven.text) return { kind: 'same' }
  if (got.text !== undefined && got.text === asMeant.text) return { kind: 'meant' }
  if (got.error !== undefined && asGiven.error !== undefined && asMeant.error !== undefined) return { kind: 'refused' }
  const reason = reasonFor(template, conversation, asGiven, got)
  return reason === undefined ? { kind: 'different', where: difference(asGiven, got) } : { kind: 'known', reason }
}

function difference(expected, got) {
  if (expected.text === undefined || got.text === undefined) {
    return `expected ${JSON.stringify(expected.error ?? expected.text.slice(-80))}, got ${JSON.stringify(got.error ?? got.text.slice(-80))}`
  }
  let at = 0
  while (expected.text[at] === got.text[at]) at++
  const around = (text) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 60))
  return `expected ${around(expected.text)}, got ${around(got.text)}`
}

/** The one-liners whose outcome is not the reference's, and that are not known to be so. */
export function comparedOneLiners({ jinjaTemplate, parseJson }, expected) {
  const context = () => Object.fromEntries(parseJson(contextText).entries())
  return oneLiners.flatMap((source, i) => {
    const got = outcome(() =>
      jinjaTemplate(source, {}, 'one line').render([], { addGenerationPrompt: false, extra: context() }),
    )
    const same = expected[i].text === undefined ? got.text === undefined : got.text === expected[i].text
    return same || ONE_LINERS.has(source) ? [] : [`${source}: ${difference(expected[i], got)}`]
  })
}
