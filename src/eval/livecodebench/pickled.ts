/** A text that Python pickled. Pickles are programs: nothing is run here, and what is more than one text is refused. */
import { UserError } from '../../errors.js'

/** Opcodes of pickles that hold a text alone. */
const OPCODES = {
  protocol: 0x80,
  frame: 0x95,
  short: 0x8c,
  text: 0x58,
  long: 0x8d,
  memoize: 0x94,
  put: 0x71,
  stop: 0x2e,
}

/** @throws UserError where it holds anything but one text */
export function pickledText(bytes: Uint8Array, name: string): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let found: string | undefined
  try {
    for (let at = 0; ;) {
      const opcode = view.getUint8(at++)
      if (opcode === OPCODES.protocol || opcode === OPCODES.put) at += 1
      else if (opcode === OPCODES.frame) at += 8
      else if (opcode === OPCODES.stop && found !== undefined) return found
      else if ([OPCODES.short, OPCODES.text, OPCODES.long].includes(opcode) && found === undefined) {
        const [size, length] =
          opcode === OPCODES.short
            ? [1, view.getUint8(at)]
            : opcode === OPCODES.text
              ? [4, view.getUint32(at, true)]
              : [8, Number(view.getBigUint64(at, true))]
        if (at + size + length > bytes.length) throw new RangeError('a text behind the end')
        found = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at + size, at + size + length))
        at += size + length
      } else if (opcode !== OPCODES.memoize)
        throw new UserError(
          `${name}: expected a pickle of one text, found the opcode 0x${opcode.toString(16)}: reading more would take Python`,
          'invalid_file',
        )
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${name}: expected a pickle of one text, found a damaged one`, 'invalid_file', { cause })
  }
}
