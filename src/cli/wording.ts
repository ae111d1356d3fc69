import type { OptionName, UserError, Wording } from '../errors.js'

/** Flags that are not the option's name with dashes. */
const FLAGS: Partial<Record<OptionName, string>> = { contextLength: '--context', apiKeys: '--api-key' }

/** As typed: `--quantize q4`. */
const commandLine: Wording = ({ option, value }) => {
  const flag = FLAGS[option] ?? `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  return value === undefined ? flag : `${flag} ${value}`
}

/** An error's message with the flags of the command line. */
export function messageOf(error: UserError): string {
  return error.messageIn(commandLine)
}
