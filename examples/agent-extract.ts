// Typed objects out of a text: partial values while they are written. Run: node examples/agent-extract.ts MODEL < letter.txt
import { text as textOf } from 'node:stream/consumers'
import { loadEngine, object, type ChatModel } from 'kaiyuan'
import { z } from 'zod'

export const Invoice = z.object({
  number: z.string().max(20),
  due: z.iso.date(),
  lines: z.array(z.object({ what: z.string().max(60), price: z.number().min(0) })).max(20),
  currency: z.enum(['EUR', 'USD', 'CNY']),
})

export async function extract(
  model: ChatModel,
  letter: string,
  show: (partial: unknown) => void = () => undefined,
): Promise<z.output<typeof Invoice>> {
  const generation = object(model, Invoice, `Extract the invoice of this letter:\n${letter}`, { temperature: 0 })
  for await (const partial of generation) show(partial)
  return (await generation.result).object
}

if (import.meta.filename === process.argv[1]) {
  await using engine = await loadEngine(process.argv[2] ?? 'mini')
  const { number, due, lines, currency } = await extract(engine, await textOf(process.stdin))
  console.log(
    number,
    due,
    lines.reduce((sum, { price }) => sum + price, 0),
    currency,
  )
}
