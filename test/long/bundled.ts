import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** Writes a module of src or of the tests, with all that it imports, into a folder as one file that Node runs. */
export async function bundle(source: URL, folder: string, name: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: fileURLToPath(source),
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: name } },
    },
  })
}
