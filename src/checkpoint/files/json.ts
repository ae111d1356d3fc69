/** Files that are read whole: configs, tokenizers, templates. */
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import { parseLargeObject } from '../../json-pieces.js'
import { refuseLookAlike } from './look-alikes.js'
import type { ByteSource } from './source.js'

/** The largest published configs have some 100 kB. */
const LARGEST_CONFIG = 16 << 20
/** The largest published tokenizers have some 30 MB. */
const LARGEST_FILE = 256 << 20

type Open = (name: string) => Promise<ByteSource | undefined>

/** The JSON object of an open file of at most `limit` bytes. @throws UserError when it is larger, or something else. */
export async function jsonOf(source: ByteSource, limit = LARGEST_CONFIG): Promise<JsonObject> {
  return parseLargeObject(await whole(source, limit), source.name)
}

/** The JSON object of a file that may be absent. @throws UserError when it is too large, or something else. */
export async function readJson(open: Open, name: string, limit = LARGEST_FILE): Promise<JsonObject | undefined> {
  return closing(await open(name), (source) => jsonOf(source, limit))
}

/** The text of a file that may be absent. */
export async function readText(open: Open, name: string): Promise<string | undefined> {
  const bytes = await readBytes(open, name)
  return bytes && new TextDecoder().decode(bytes)
}

/** The bytes of a file that may be absent. @throws UserError when it is too large. */
export async function readBytes(open: Open, name: string): Promise<Uint8Array | undefined> {
  return closing(await open(name), (source) => whole(source, LARGEST_FILE))
}

async function whole(source: ByteSource, limit: number): Promise<Uint8Array> {
  if (source.size <= limit) {
    const bytes = await source.read(0, source.size)
    refuseLookAlike(source.name, bytes)
    return bytes
  }
  throw new UserError(
    `${source.name}: expected at most ${limit} bytes, found ${source.size}. This is not the file it claims to be.`,
    'invalid_file',
  )
}

async function closing<T>(
  source: ByteSource | undefined,
  work: (source: ByteSource) => Promise<T>,
): Promise<T | undefined> {
  if (!source) return undefined
  try {
    return await work(source)
  } finally {
    await source.close()
  }
}

/** Configs of one folder, each read and parsed once. */
export class Configs {
  private readonly found = new Map<string, Promise<JsonObject | undefined>>()

  constructor(private readonly open: Open) {}

  /** Undefined when there is no such file. @throws UserError when it is too large, or no JSON object. */
  read(name: string): Promise<JsonObject | undefined> {
    const found = this.found.get(name) ?? readJson(this.open, name, LARGEST_CONFIG)
    this.found.set(name, found)
    return found
  }
}
