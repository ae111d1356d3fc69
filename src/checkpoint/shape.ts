/** Arithmetic of shapes. */

export function product(values: readonly number[]): number {
  return values.reduce((all, value) => all * value, 1)
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}
