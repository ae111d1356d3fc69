// torch.topk's choice among equal scores, on the CPU: which of them it takes hangs on the whole row, so its algorithm
// is followed step by step. PyTorch 2, aten/src/ATen/native/TopKImpl.h: std::partial_sort where 64 k <= n, else
// std::nth_element at k - 1; both as in libstdc++, bits/stl_algo.h (__heap_select, __introselect) and bits/stl_heap.h.
// src/backends/reference/torch-topk.ts is the same in TypeScript.

// Scores f32 [n], and the order i32 [n], in which their places are moved.
let scores: usize = 0
let order: usize = 0

/** @inline */
function placeAt(i: i32): i32 {
  return load<i32>(order + ((<usize>i) << 2))
}
/** @inline */
function put(i: i32, place: i32): void {
  store<i32>(order + ((<usize>i) << 2), place)
}
/** @inline */
function better(a: i32, b: i32): bool {
  return load<f32>(scores + ((<usize>a) << 2)) > load<f32>(scores + ((<usize>b) << 2))
}

function swap(i: i32, j: i32): void {
  const place = placeAt(i)
  put(i, placeAt(j))
  put(j, place)
}

/** Orders places [0, n) so that the k chosen ones come first; `row` f32 [n] without NaN, `into` i32 [n]. */
export function torchTopK(row: usize, into: usize, n: i32, k: i32): void {
  scores = row
  order = into
  for (let i = 0; i < n; i++) put(i, i)
  if (k * 64 <= n) heapSelect(0, k, n)
  else introselect(k - 1, n)
}

function introselect(nth: i32, n: i32): void {
  let first = 0,
    last = n
  for (let depth = 2 * (31 - clz(n)); last - first > 3; depth--) {
    if (depth == 0) {
      heapSelect(first, nth + 1, last)
      swap(first, nth)
      return
    }
    const cut = partition(first, last)
    if (cut <= nth) first = cut
    else last = cut
  }
  for (let i = first + 1; i < last; i++) {
    const place = placeAt(i)
    let j = i
    for (; j > first && better(place, placeAt(j - 1)); j--) put(j, placeAt(j - 1))
    put(j, place)
  }
}

/** Around the median of three, which goes to `first`; those from the result on are not better. */
function partition(first: i32, last: i32): i32 {
  const middle = first + (last - first) / 2,
    a = placeAt(first + 1),
    b = placeAt(middle),
    c = placeAt(last - 1)
  let median = first + 1
  if (better(a, b)) {
    if (better(b, c)) median = middle
    else if (better(a, c)) median = last - 1
  } else if (!better(a, c)) median = better(b, c) ? last - 1 : middle
  swap(first, median)
  const pivot = placeAt(first)
  let low = first + 1,
    high = last - 1
  for (; ; low++, high--) {
    while (better(placeAt(low), pivot)) low++
    while (better(pivot, placeAt(high))) high--
    if (low >= high) break
    swap(low, high)
  }
  return low
}

/** The best middle - first of [first, last) come first, as a heap with the worst on top. */
function heapSelect(first: i32, middle: i32, last: i32): void {
  const n = middle - first
  for (let parent = n / 2 - 1; parent >= 0; parent--) sift(first, parent, n, placeAt(first + parent))
  for (let i = middle; i < last; i++) {
    const place = placeAt(i)
    if (!better(place, placeAt(first))) continue
    put(i, placeAt(first))
    sift(first, 0, n, place)
  }
}

/** __adjust_heap: the hole goes down to a leaf, and `place` up from there. */
function sift(first: i32, top: i32, n: i32, place: i32): void {
  let hole = top
  for (let child = 2 * hole + 2; child <= n; child = 2 * hole + 2) {
    if (child == n || better(placeAt(first + child), placeAt(first + child - 1))) child--
    put(first + hole, placeAt(first + child))
    hole = child
  }
  for (let parent = (hole - 1) / 2; hole > top && better(placeAt(first + parent), place); parent = (hole - 1) / 2) {
    put(first + hole, placeAt(first + parent))
    hole = parent
  }
  put(first + hole, place)
}
