/** What compaction items hold. Clients take their text as opaque, and send it back as it is. */

/** Says who wrote it: items of other providers cannot be read here. */
const MARK = 'kaiyuan-summary:'

export function sealed(summary: string): { readonly encrypted_content: string } {
  return { encrypted_content: MARK + Buffer.from(summary).toString('base64') }
}

/** The summary of a compaction item; undefined for what was not written here. */
export function unsealed(content: unknown): string | undefined {
  if (typeof content !== 'string' || !content.startsWith(MARK)) return undefined
  return Buffer.from(content.slice(MARK.length), 'base64').toString()
}

/** As the model is told about it. */
export function toldOf(summary: string): string {
  return `Summary of the conversation so far:\n\n${summary}`
}
