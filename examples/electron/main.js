// The main process: the model runs in a worker thread of it, and the windows ask over Electron's own messages.
// Run: npm install electron kaiyuan && npx electron .
import { join } from 'node:path'
import { app, BrowserWindow, ipcMain } from 'electron'
import { loadEngine } from 'kaiyuan/worker'
import { answers } from './answers.js'

await app.whenReady()
const engine = await loadEngine(process.env.MODEL ?? 'mini')
const { ask, stop } = answers(engine)
ipcMain.handle('ask', (event, id, messages) =>
  ask(id, messages, (text) => event.sender.isDestroyed() || event.sender.send('text', id, text)),
)
ipcMain.on('stop', (_, id) => stop(id))
app.on('window-all-closed', () => app.quit())
app.on('will-quit', () => void engine.close())
await new BrowserWindow({ webPreferences: { preload: join(import.meta.dirname, 'preload.cjs') } }).loadFile(
  'index.html',
)
