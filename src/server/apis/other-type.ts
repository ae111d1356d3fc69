import { z } from 'zod'

/** An object of any type but these: recognised, so that the refusal can name it. */
export function otherThan(...known: string[]) {
  return z
    .object({
      type: z.string().refine((type) => !known.includes(type), {
        error: 'expected the fields of its type',
        // Else a union takes this one for the best fit.
        abort: true,
      }),
    })
    .loose()
}
