# A GGUF file with every tensor as F32: pip install gguf==0.19.0; python f32_gguf.py FILE.gguf OUT.gguf
# An engine that rounds activations to the weights' format (llama.cpp, on Q4_K and the like) computes in float32 on such a file.
import sys

from gguf import GGUFReader, GGUFValueType, GGUFWriter, GGMLQuantizationType, Keys
from gguf.quants import dequantize

ALL_F32 = 0

reader = GGUFReader(sys.argv[1])
writer = GGUFWriter(sys.argv[2], reader.get_field(Keys.General.ARCHITECTURE).contents())
for field in reader.fields.values():
    if field.name == Keys.General.ARCHITECTURE or field.name.startswith("GGUF."):
        continue
    if field.name == Keys.General.FILE_TYPE:
        writer.add_file_type(ALL_F32)
        continue
    kind = field.types[0]
    of = field.types[-1] if kind == GGUFValueType.ARRAY else None
    writer.add_key_value(field.name, field.contents(), kind, sub_type=of)
for tensor in reader.tensors:
    values = dequantize(tensor.data, tensor.tensor_type)
    writer.add_tensor(tensor.name, values.astype("float32"), raw_dtype=GGMLQuantizationType.F32)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
