/** A part of an address as it is meant; as it stands where a percent sign begins no character, as in `100%.gguf`. */
export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
