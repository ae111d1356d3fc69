/** Variables of the chat template from how much the client wants to be thought; its own variables go before. */
export function templateOptions(
  effort: string | null | undefined,
  given: Record<string, unknown> | null | undefined,
): Record<string, unknown> | undefined {
  const options = {
    ...(effort && { reasoning_effort: effort }),
    ...(effort && { enable_thinking: effort !== 'none' }),
    ...given,
  }
  return Object.keys(options).length > 0 ? options : undefined
}
