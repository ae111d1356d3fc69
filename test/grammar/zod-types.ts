// Every kind of type that zod makes, each as one property of an object. A name that begins with the function of zod it tries;
// zod-types.test.ts asks that there is one for each function of zod that makes a type.
import { z } from 'zod'

type ZodType = z.ZodType

interface Tree {
  value: string
  children: Tree[]
}
const tree: z.ZodType<Tree> = z.object({ value: z.string().max(8), children: z.array(z.lazy(() => tree)).max(2) })
enum Level {
  Low = 1,
  High = 2,
}

/** What a grammar can hold. */
export const HELD: Readonly<Record<string, () => ZodType>> = {
  string: () => z.string(),
  'string.min': () => z.string().min(3),
  'string.max': () => z.string().max(20),
  'string.length': () => z.string().length(5),
  'string.nonempty.max': () => z.string().nonempty().max(4),
  'string.regex': () => z.string().regex(/^[a-c]{2,4}-\d+$/),
  'string.regex, not anchored': () => z.string().regex(/b\d/),
  'string.regex.max': () =>
    z
      .string()
      .regex(/^[a-z]+$/)
      .max(12),
  'string.regex, two': () => z.string().regex(/^a/).regex(/z$/),
  'string.startsWith': () => z.string().startsWith('pre-'),
  'string.endsWith': () => z.string().endsWith('.ts'),
  'string.includes': () => z.string().includes('mid'),
  'string.lowercase': () => z.string().lowercase(),
  'string.uppercase': () => z.string().uppercase(),
  'string.trim': () => z.string().trim(),
  email: () => z.email(),
  guid: () => z.guid(),
  uuid: () => z.uuid(),
  uuidv4: () => z.uuidv4(),
  uuidv6: () => z.uuidv6(),
  uuidv7: () => z.uuidv7(),
  url: () => z.url(),
  httpUrl: () => z.httpUrl(),
  emoji: () => z.emoji(),
  nanoid: () => z.nanoid(),
  cuid2: () => z.cuid2(),
  ulid: () => z.ulid(),
  xid: () => z.xid(),
  ksuid: () => z.ksuid(),
  ipv4: () => z.ipv4(),
  ipv6: () => z.ipv6(),
  mac: () => z.mac(),
  cidrv4: () => z.cidrv4(),
  cidrv6: () => z.cidrv6(),
  base64: () => z.base64(),
  base64url: () => z.base64url(),
  e164: () => z.e164(),
  hostname: () => z.hostname(),
  hex: () => z.hex(),
  hash: () => z.hash('sha256'),
  stringFormat: () => z.stringFormat('letters', /^[a-z]+$/),
  'iso.date': () => z.iso.date(),
  'iso.time': () => z.iso.time(),
  'iso.datetime': () => z.iso.datetime(),
  'iso.datetime, offset': () => z.iso.datetime({ offset: true }),
  'iso.datetime, local': () => z.iso.datetime({ local: true }),
  'iso.duration': () => z.iso.duration(),
  templateLiteral: () => z.templateLiteral(['v', z.number(), '-', z.enum(['a', 'b'])]),
  number: () => z.number(),
  'number.int': () => z.number().int(),
  'number.min.max': () => z.number().min(-2.5).max(17),
  'number.gt.lt': () => z.number().gt(0).lt(1),
  'number.positive': () => z.number().positive(),
  'number.nonnegative': () => z.number().nonnegative(),
  'number.negative': () => z.number().negative(),
  'number.multipleOf 0.5': () => z.number().multipleOf(0.5),
  'number.multipleOf 5': () => z.number().multipleOf(5).min(0).max(1000),
  int: () => z.int(),
  'int.between': () => z.int().min(-12).max(345),
  int32: () => z.int32(),
  uint32: () => z.uint32(),
  float32: () => z.float32(),
  float64: () => z.float64(),
  boolean: () => z.boolean(),
  null: () => z.null(),
  any: () => z.any(),
  unknown: () => z.unknown(),
  json: () => z.json(),
  literal: () => z.literal('one'),
  'literal, several': () => z.literal([1, 'two', null, true]),
  enum: () => z.enum(['red', 'green', 'blue']),
  'enum of 200': () => z.enum(Array.from({ length: 200 }, (_, i) => `city ${(i * 7919) % 200}`)),
  nativeEnum: () => z.enum(Level),
  stringbool: () => z.stringbool(),
  'never, optional': () => z.object({ a: z.string(), b: z.never().optional() }),
  object: () => z.object({ a: z.string(), b: z.int() }),
  'object of none': () => z.object({}),
  strictObject: () => z.strictObject({ a: z.string() }),
  looseObject: () => z.looseObject({ a: z.string() }),
  'object.catchall': () => z.object({ a: z.string() }).catchall(z.int()),
  'object.extend': () => z.object({ a: z.string() }).extend({ b: z.boolean() }),
  'object.partial': () => z.object({ a: z.string(), b: z.int() }).partial(),
  'object, names that need care': () =>
    z.object({ 'ä "x"': z.int(), 'a/b~c%': z.null(), '': z.boolean(), 漢: z.int() }),
  optional: () => z.string().optional(),
  exactOptional: () => z.string().exactOptional(),
  nonoptional: () => z.nonoptional(z.string().optional()),
  nullable: () => z.string().nullable(),
  nullish: () => z.int().nullish(),
  default: () => z.string().default('x'),
  prefault: () => z.string().prefault('x'),
  catch: () => z.int().catch(3),
  readonly: () => z.array(z.int()).readonly(),
  brand: () => z.string().brand<'Id'>(),
  describe: () => z.string().describe('what it is'),
  meta: () => z.string().meta({ title: 'T', examples: ['a'] }),
  array: () => z.array(z.string().max(5)),
  'array.min.max': () => z.array(z.int()).min(2).max(4),
  'array.length': () => z.array(z.boolean()).length(3),
  'array.nonempty': () => z.array(z.int()).nonempty(),
  tuple: () => z.tuple([z.string(), z.int()]),
  'tuple, rest': () => z.tuple([z.string()], z.number()),
  'tuple, optional': () => z.tuple([z.string(), z.int().optional()]),
  record: () => z.record(z.string(), z.int()),
  'record of an enum': () => z.record(z.enum(['a', 'b']), z.int()),
  'record of a regex': () => z.record(z.string().regex(/^[a-z]{1,5}$/), z.int()),
  'record of uuids': () => z.record(z.uuid(), z.boolean()),
  'record of numbers': () => z.record(z.number(), z.boolean()),
  partialRecord: () => z.partialRecord(z.enum(['a', 'b']), z.int()),
  looseRecord: () => z.looseRecord(z.string().regex(/^x-/), z.int()),
  union: () => z.union([z.string(), z.int(), z.null()]),
  'union of objects': () => z.union([z.object({ a: z.string() }), z.object({ b: z.int() })]),
  discriminatedUnion: () =>
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('circle'), r: z.number() }),
      z.object({ kind: z.literal('square'), side: z.number() }),
    ]),
  xor: () => z.xor([z.object({ a: z.string() }), z.object({ b: z.int() })]),
  'xor of types': () => z.xor([z.string(), z.boolean()]),
  intersection: () => z.intersection(z.looseObject({ a: z.string() }), z.looseObject({ b: z.int() })),
  lazy: () => z.lazy(() => z.string()),
  'lazy, recursive': () => tree,
  keyof: () => z.keyof(z.object({ a: z.string(), b: z.int() })),
  codec: () => z.codec(z.iso.datetime(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() }),
  pipe: () =>
    z.pipe(
      z.string(),
      z.transform((s) => s.length),
    ),
  preprocess: () => z.preprocess((v) => v, z.string()),
  'coerce.string': () => z.coerce.string(),
  'coerce.number': () => z.coerce.number(),
  'coerce.boolean': () => z.coerce.boolean(),
  check: () => z.string().check(z.minLength(2), z.maxLength(5)),
  'custom refine': () => z.string().refine(() => true),
  success: () => z.success(z.string()),
  currencyCode: () => z.currencyCode(),
  deepPartial: () => z.deepPartial(z.object({ a: z.object({ b: z.string() }) })),
  iban: () => z.iban(),
  creditCard: () => z.creditCard(),
  jwt: () => z.jwt(),
}

/** What no text of JSON can be, but zod writes a schema for. */
export const REFUSED: Readonly<Record<string, () => ZodType>> = {
  never: () => z.never(),
}

/** Types that check more than a schema says: what the grammar writes may still be refused by zod. */
export function checkedAfter(name: string): boolean {
  return /^(iban|creditCard|jwt|stringbool|success|coerce|url|httpUrl)/.test(name)
}

/** Functions of zod that make no type, or one without a JSON Schema; checks of strings and sizes are tried as methods. */
export const WITHOUT_SCHEMA: ReadonlySet<string> = new Set(
  [
    'registry config memoizer clone treeifyError prettifyError formatError flattenError toZod compile withParser',
    'getDiscriminatedOption toJSONSchema fromJSONSchema input output bigint int64 uint64 symbol undefined void date map set',
    'file transform nan invertCodec promise function superRefine instanceof lt lte gt gte positive negative nonpositive',
    'nonnegative multipleOf maxSize minSize size maxLength minLength length regex lowercase uppercase includes startsWith',
    'endsWith property properties mime overwrite normalize trim toLowerCase toUpperCase slugify parse parseAsync safeParse',
    'safeParseAsync validate validateAsync encode decode encodeAsync decodeAsync safeEncode safeDecode safeEncodeAsync',
    'safeDecodeAsync setErrorMap getErrorMap refine cuid',
  ].flatMap((names) => names.split(' ')),
)
