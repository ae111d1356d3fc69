#!/usr/bin/env node
import module from 'node:module'

// From Node 22 on, compiled modules are kept for the next start, in the system's temporary folder (NODE_DISABLE_COMPILE_CACHE=1: not).
const { enableCompileCache } = module as { readonly enableCompileCache?: () => unknown }
enableCompileCache?.()
const [, , command = '', ...others] = process.argv
// The kernels' compiler works on other cores while the command line is read.
if (['run', 'chat', 'start'].includes(command) && !others.includes('--help'))
  (await import('./early/kernels.js')).beginKernels()
const { runCommandLine } = await import('./command-line.js')
void runCommandLine()
