// Starts the Chromium that the system has.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** @returns {Promise<import('playwright-core').Browser>} */
export async function startChromium() {
  const executablePath = process.env.KAIYUAN_CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(executablePath))
    throw new Error(
      `${executablePath}: expected Chromium, found nothing. Install it (Debian: apt-get install -y chromium), or set KAIYUAN_CHROMIUM to its path.`,
    )
  return chromium.launch({ executablePath, headless: true, args: FLAGS })
}
