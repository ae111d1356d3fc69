import { spawn } from 'node:child_process'

/** What opens an address, by platform. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
  linux: ['xdg-open'],
}

/** Opens an address in the person's browser where there is one; BROWSER=none keeps it closed. Without one nothing happens. */
export function openBrowser(url: string): void {
  const { BROWSER, DISPLAY, WAYLAND_DISPLAY } = process.env
  const hasScreen = process.platform !== 'linux' || DISPLAY !== undefined || WAYLAND_DISPLAY !== undefined
  const opener = OPENERS[process.platform]
  if (BROWSER === 'none' || !hasScreen || !opener) return
  const [command, ...args] = opener
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  // The address is printed too: whoever has no opener can follow it.
  child.on('error', () => undefined)
  child.unref()
}
