#!/usr/bin/env bash
# The tables of speed, on this machine: Kaiyuan next to native llama.cpp on real files, in turns. Hours on two cores; --quick is the
# README's rows alone. Before: npm run build, and llama.cpp built for the machine (llama-bench, llama-batched-bench, llama-server, llama-quantize).
# Usage: bench/suite.sh MODELS LLAMA [--quick]
#   MODELS  a folder with .gguf files; of the smallest, llama-quantize makes the other formats
#   LLAMA   the folder of llama.cpp, or of its programs
# NODES: programs of Node, between commas (default: the one on the path). ROUNDS: 3. THREADS: 2. INTO: a folder of bench/results, for another kind of machine.
set -euo pipefail
if [[ $# -lt 2 ]]; then
  sed -n '2,7s/^# //p' "$0"
  exit 2
fi
models=$(cd "$1" && pwd)
native=$(cd "$2" && pwd)
quick=${3:-}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
nodes=${NODES:-$(command -v node)}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# compare OPTIONS...: one comparison; what fails is said and the others go on.
compare() {
  echo "== $*"
  node bench/peers/run.mjs --peer native --native "$native" --node "$nodes" --threads "${THREADS:-2}" --rounds "${ROUNDS:-3}" --inner 1 --into "${INTO:-.}" "$@" ||
    echo "== FAILED: $*"
}
# row FILE OPTIONS...: of a real file.
row() { compare --file "$@"; }

files=("$models"/*.gguf)
for file in "${files[@]}"; do row "$file" -p 256 -n 64; done
if [[ $quick != --quick ]]; then
  quantize=$(find "$native" -name llama-quantize -type f | head -n 1)
  smallest=$(ls -S "${files[@]}" | tail -n 1)
  for format in Q4_0 Q4_K_M Q5_K_M Q6_K Q8_0 IQ4_XS; do
    target="$made/$(basename "$smallest" .gguf)-${format,,}.gguf"
    "$quantize" --allow-requantize "$smallest" "$target" "$format" >/dev/null
    row "$target" -p 256 -n 64
    rm "$target"
  done
  for file in "${files[@]}"; do
    for streams in 2 4 8 16; do row "$file" -p 32 -n 32 --streams "$streams"; done
    row "$file" -p 2000 -n 16
    for depth in 4096 16384; do row "$file" -p 32 -n 32 --context "$depth"; done
  done
  # Random weights in published shapes: BF16, of which llama.cpp reads no safetensors, and a mixture of experts.
  for format in bf16 q4_k; do compare --shape qwen3-0.6b --format "$format" -p 256 -n 64; done
  compare --shape deepseek-v2-lite --format q4_0 -p 64 -n 64
fi
node tools/speed-table.mjs
node tools/speed-plots.mjs
node tools/readme-tables.mjs
