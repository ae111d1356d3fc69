// Rounds the linear layers of a small F32 safetensors checkpoint to INT4 in groups of 32, in the layout of
// compressed-tensors (weight_packed, weight_scale, weight_shape), so that a 4-bit model can be measured without a download.
const GROUP = 32

/** Splits a safetensors file into { name: { dtype, shape, bytes } }. */
function readSafetensors(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const headerBytes = Number(view.getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(data.subarray(8, 8 + headerBytes)))
  delete header.__metadata__
  return Object.fromEntries(
    Object.entries(header).map(([name, { dtype, shape, data_offsets: offsets }]) => {
      const [from, to] = offsets.map((offset) => 8 + headerBytes + offset)
      return [name, { dtype, shape, bytes: data.slice(from, to) }]
    }),
  )
}

function writeSafetensors(tensors) {
  let offset = 0
  const header = {}
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] }
    offset += bytes.length
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Buffer.concat([json, Buffer.alloc(-json.length & 7, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  return new Uint8Array(Buffer.concat([length, padded, ...Object.values(tensors).map(({ bytes }) => bytes)]))
}

/** Codes 0..15 stand for -8..7; nibble j of word c is column 8c + j. The extreme value of a group becomes code 0. */
function quantize({ shape, bytes }) {
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const [n, k] = shape
  const words = new Uint32Array((n * k) / 8)
  const scales = new Uint16Array((n * k) / GROUP)
  const bits = new Uint32Array(1)
  const scale = new Float32Array(bits.buffer)
  for (let g = 0; g < scales.length; g++) {
    const group = values.subarray(g * GROUP, (g + 1) * GROUP)
    const extreme = group.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0)
    scale[0] = extreme / -8
    // bf16, rounded to nearest
    bits[0] = (bits[0] + 0x8000) & 0xffff0000
    scales[g] = bits[0] >>> 16
    group.forEach((value, i) => {
      const code = scale[0] === 0 ? 8 : Math.max(0, Math.min(15, Math.round(value / scale[0]) + 8))
      words[(g * GROUP + i) >> 3] |= code << (4 * (i & 7))
    })
  }
  return {
    packed: { dtype: 'I32', shape: [n, k / 8], bytes: new Uint8Array(words.buffer) },
    scale: { dtype: 'BF16', shape: [n, k / GROUP], bytes: new Uint8Array(scales.buffer) },
    shape: { dtype: 'I32', shape: [2], bytes: new Uint8Array(Int32Array.from(shape).buffer) },
  }
}

/** Files of the INT4 checkpoint from the files of the F32 one; `files` is { name: bytes }. */
export function int4Checkpoint(files) {
  const tensors = {}
  for (const [name, tensor] of Object.entries(readSafetensors(files['model.safetensors']))) {
    const linear = /_proj\.weight$/.test(name) && tensor.dtype === 'F32' && tensor.shape[1] % GROUP === 0
    if (!linear) {
      tensors[name] = tensor
      continue
    }
    const { packed, scale, shape } = quantize(tensor)
    tensors[name.replace(/weight$/, 'weight_packed')] = packed
    tensors[name.replace(/weight$/, 'weight_scale')] = scale
    tensors[name.replace(/weight$/, 'weight_shape')] = shape
  }
  const config = JSON.parse(new TextDecoder().decode(files['config.json']))
  config.quantization_config = {
    quant_method: 'compressed-tensors',
    format: 'pack-quantized',
    config_groups: {
      group_0: {
        targets: ['Linear'],
        weights: { num_bits: 4, group_size: GROUP, strategy: 'group', symmetric: true, type: 'int' },
      },
    },
    ignore: ['lm_head'],
  }
  return {
    ...files,
    'config.json': new TextEncoder().encode(JSON.stringify(config)),
    'model.safetensors': writeSafetensors(tensors),
  }
}
