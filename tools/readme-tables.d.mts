export function speedLines(): string[]
