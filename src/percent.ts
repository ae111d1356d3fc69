/** A part of an address, or of a reference, as it is meant; as it stands where a percent sign begins no character, as in `100%.gguf`. */
export function percentDecoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
