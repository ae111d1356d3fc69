// What test files of one process share. Vitest runs this once for each file, and what it imports once for each process.
import './reused-threads.js'
