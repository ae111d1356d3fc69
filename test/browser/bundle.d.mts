export function bundle(page: string, outDir: string): Promise<void>
