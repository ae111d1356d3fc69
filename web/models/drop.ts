/** Files that were dropped on the page, with those of folders. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<File[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...files]
  return (await Promise.all(entries.map(filesOf))).flat()
}

/** Whether these are a model and not something to ask about. */
export function isModel(files: readonly File[]): boolean {
  return files.some(({ name }) => /\.(gguf|safetensors)$/i.test(name))
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    return [inFolder(file, entry.fullPath)]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const all: FileSystemEntry[] = []
  // A reader gives a hundred at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    all.push(...some)
  }
  return (await Promise.all(all.filter(({ isFile }) => isFile).map(filesOf))).flat()
}

/** As a file that was chosen with its folder says where it was. */
function inFolder(file: File, path: string): File {
  Object.defineProperty(file, 'webkitRelativePath', { value: path.replace(/^\//, '') })
  return file
}
