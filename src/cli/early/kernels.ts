let begun: Promise<unknown> | undefined

/** Begins to compile the kernels, which the JavaScript engine does in threads of its own, while the modules of a command are read. */
export function beginKernels(): void {
  begun ??= import('../../backends/cpu/machine.js')
    .then(async ({ available, settled }) => {
      await available()
      await settled()
    })
    // The error is reported where the kernels are needed.
    .catch(() => undefined)
}

/**
 * Resolves when no kernels are being compiled. Their compiler's flags are those of the whole process until then, and other WebAssembly
 * is not to be made with them: HTTP is parsed by some.
 */
export async function kernelsMade(): Promise<void> {
  await begun
}
