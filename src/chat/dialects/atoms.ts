/** Steps that reading routines of calls share. */
import type { AnswerReader, Reading } from './reader.js'

/** Reads, or gives back what was read. */
export function* attempt(reader: AnswerReader, read: (reader: AnswerReader) => Reading<boolean>): Reading<boolean> {
  const start = reader.mark()
  const done = yield* read(reader)
  if (!done) reader.rewind(start)
  reader.release()
  return done
}

/** Reads ahead, and gives back what was read. */
export function* peek<T>(reader: AnswerReader, read: (reader: AnswerReader) => Reading<T>): Reading<T> {
  const start = reader.mark()
  const found = yield* read(reader)
  reader.rewind(start)
  reader.release()
  return found
}

/** All of the atoms, with any white space before each. */
export function* all(reader: AnswerReader, atoms: readonly string[]): Reading<boolean> {
  for (const atom of atoms) {
    yield* reader.space()
    if ((yield* reader.take([atom])) === undefined) return false
  }
  return true
}

/** As many of a call's closing atoms as there are: models leave some out. */
export function* closings(reader: AnswerReader, atoms: readonly string[]): Reading<number> {
  let taken = 0
  for (const atom of atoms) {
    const one = yield* attempt(reader, (r) => all(r, [atom]))
    if (one) taken++
  }
  return taken
}
