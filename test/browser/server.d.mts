export function serve(
  folders: Record<string, string>,
  options?: { isolated?: boolean; ranges?: boolean; page?: boolean; index?: boolean; list?: boolean },
): Promise<{ origin: string; close(): void }>
