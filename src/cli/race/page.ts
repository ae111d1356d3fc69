import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../errors.js'
import { withPreset, type Preset } from '../../race/preset.js'
import { writeNamed } from '../whole-file.js'

/** Made by the build, from src and from dist alike. */
const PAGES = fileURLToPath(new URL('../../../dist/race', import.meta.url))

/** The packed page, with this day on it. @throws UserError when it was not built, or the file cannot be written */
export async function writePage(file: string, preset: Preset): Promise<void> {
  const page = `${PAGES}/${preset.language === 'zh' ? 'zh' : 'index'}.html`
  const html = await readFile(page, 'utf8').catch((cause: unknown) => {
    throw new UserError(`${page} is not there: npm run build:race makes it`, 'file_not_found', { cause })
  })
  await writeNamed(file, withPreset(html, preset))
}
