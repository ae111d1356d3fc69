/** Steps of a size that count: the last few, so that a cache that has grown is seen and a pause of the machine is not. */
const SAMPLES = 7
/** Fewer say nothing. */
const ENOUGH = 3

interface Sample {
  readonly rows: number
  readonly milliseconds: number
}

/**
 * How long a step takes by its rows, as the steps of this engine went: medians of the last few of each size (1, 2, 3 to 4, 5 to 8,
 * and so on), and straight lines between them. A row costs little where weights are read once for all rows, and the more the more
 * there are; how much depends on the machine, on the formats of the weights and on how the engine was built.
 */
export class StepCost {
  private readonly sizes: Sample[][] = []
  /** Of each size that is known, made when somebody asks after a new step: a step is asked about often. */
  private table: readonly Sample[] | undefined

  /** A step of `rows` tokens, of all its sequences together, took so long. */
  record(rows: number, milliseconds: number): void {
    const samples = (this.sizes[sizeOf(rows)] ??= [])
    samples.push({ rows, milliseconds })
    if (samples.length > SAMPLES) samples.shift()
    this.table = undefined
  }

  /** Milliseconds of a step of so many rows. Sizes that never ran cost what the largest below them costs: who tries will know. */
  of(rows: number): number | undefined {
    const known = (this.table ??= this.known())
    const above = known.find((sample) => sample.rows >= rows)
    const below = known.findLast((sample) => sample.rows <= rows)
    if (!above || !below) return (above ?? below)?.milliseconds
    if (above.rows === below.rows) return above.milliseconds
    const part = (rows - below.rows) / (above.rows - below.rows)
    return below.milliseconds + part * (above.milliseconds - below.milliseconds)
  }

  /** The most rows, of `most`, whose step takes no longer than that; at least one. */
  rowsWithin(milliseconds: number, most: number): number {
    let [fits, tooMany] = [1, most + 1]
    while (tooMany - fits > 1) {
      const middle = (fits + tooMany) >> 1
      if ((this.of(middle) ?? 0) <= milliseconds) fits = middle
      else tooMany = middle
    }
    return fits
  }

  /** What is known of each size, in order; a larger one never costs less than a smaller one. */
  private known(): Sample[] {
    let least = 0
    return this.sizes.flatMap((samples) => {
      if (samples === undefined || samples.length < ENOUGH) return []
      least = Math.max(least, median(samples.map((sample) => sample.milliseconds)))
      return [{ rows: median(samples.map((sample) => sample.rows)), milliseconds: least }]
    })
  }
}

function sizeOf(rows: number): number {
  return Math.ceil(Math.log2(Math.max(1, rows)))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
