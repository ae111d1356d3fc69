// The only things of the main process that a window sees.
const { contextBridge, ipcRenderer } = require('electron')

contextBridge.exposeInMainWorld('model', {
  ask: (id, messages) => ipcRenderer.invoke('ask', id, messages),
  stop: (id) => ipcRenderer.send('stop', id),
  onText: (listener) => ipcRenderer.on('text', (_, id, text) => listener(id, text)),
})
