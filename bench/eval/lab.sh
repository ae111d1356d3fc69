#!/usr/bin/env bash
# A lab's own table, made again: Qwen2.5-Coder-1.5B-Instruct on all of HumanEval, in fast, in exact, and by llama.cpp's server from the
# same file; four parts of BFCL; and smaller models on what suits them. Hours on two cores. The same command goes on where it was ended.
# Usage: bench/eval/lab.sh MODELS LLAMA OUT [STEP...]
#   MODELS  a folder with coder.gguf and smollm2.gguf
#   LLAMA   the folder of llama.cpp, built, or of its programs
#   OUT     where every answer is kept
#   STEP    fast, exact, native, bfcl, small, table (default: all, in this order)
# NODE: the program of Node. THREADS: 2. CONCURRENCY: 8. LIMIT: only so many documents, for a trial.
set -euo pipefail
if [[ $# -lt 3 ]]; then
  sed -n '2,10s/^# //p' "$0"
  exit 2
fi
models=$(cd "$1" && pwd)
native=$(cd "$2" && pwd)
mkdir -p "$3"
out=$(cd "$3" && pwd)
shift 3
steps=("$@")
[[ ${#steps[@]} -gt 0 ]] || steps=(fast exact native bfcl small table)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
node=${NODE:-node}
threads=${THREADS:-2}
concurrency=${CONCURRENCY:-8}
limit=()
[[ -z ${LIMIT:-} ]] || limit=(--limit "$LIMIT")

# ask OUT MODEL TASKS OPTIONS...
ask() {
  local to=$1 model=$2 tasks=$3
  shift 3
  echo "== $to: $tasks"
  "$node" dist/cli/main.js eval run "$model" --tasks "$tasks" --run-code --concurrency "$concurrency" --out "$out/$to" "${limit[@]}" "$@"
}

# serve FILE: llama.cpp's server for it, with the template of the file
serve() {
  local program
  program=$(find "$native" -name llama-server -type f | head -n 1)
  "$program" -m "$1" --port 8099 -t "$threads" -np "$concurrency" -c $((concurrency * 4096)) --jinja --no-webui >"$out/llama-server.log" 2>&1 &
  server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  for _ in $(seq 120); do
    curl -sf http://127.0.0.1:8099/health >/dev/null && return
    kill -0 $server || { tail -n 5 "$out/llama-server.log"; exit 1; }
    sleep 1
  done
  echo "llama-server did not come up" && exit 1
}

for step in "${steps[@]}"; do
  case $step in
    fast | exact) ask "coder-$step" "$models/coder.gguf" humaneval_chat --precision "$step" --threads "$threads" ;;
    native)
      serve "$models/coder.gguf"
      ask coder-native http://127.0.0.1:8099 humaneval_chat
      kill $server
      ;;
    bfcl) ask coder-bfcl "$models/coder.gguf" bfcl_simple_python,bfcl_multiple,bfcl_parallel,bfcl_irrelevance --threads "$threads" ;;
    small)
      ask smollm2 "$models/smollm2.gguf" humaneval_chat,bfcl_irrelevance --threads "$threads"
      ask mini mini bfcl_irrelevance --threads "$threads"
      ;;
    table) "$node" tools/eval-tables.mjs "$out" ;;
    *) echo "expected fast, exact, native, bfcl, small or table, found $step" && exit 2 ;;
  esac
done
