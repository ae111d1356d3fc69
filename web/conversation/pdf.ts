import { GlobalWorkerOptions, getDocument } from 'pdfjs-dist'
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url'
import { startWorker } from '../page/trusted.js'

/** The text of each page. Nothing is drawn, so no font and no picture is loaded, and nothing of the file runs. */
export async function textOfPdf(data: Uint8Array): Promise<string[]> {
  const worker = startWorker(workerUrl)
  GlobalWorkerOptions.workerPort = worker
  const task = getDocument({ data, isEvalSupported: false, useWasm: false, disableFontFace: true, verbosity: 0 })
  try {
    const document = await task.promise
    const pages: string[] = []
    for (let i = 1; i <= document.numPages; i++) {
      const { items } = await (await document.getPage(i)).getTextContent()
      pages.push(items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join(''))
    }
    return pages
  } finally {
    await task.destroy()
    worker.terminate()
    GlobalWorkerOptions.workerPort = null
  }
}
