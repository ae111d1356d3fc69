/**
 * torch.topk's choice among equal scores, on the CPU: which of them it takes hangs on the whole row, so its algorithm is
 * followed step by step. PyTorch 2, aten/src/ATen/native/TopKImpl.h: std::partial_sort where 64 k <= n, else
 * std::nth_element at k - 1; both as in libstdc++, bits/stl_algo.h (__heap_select, __introselect) and bits/stl_heap.h.
 */

/** The indices of the k best of `scores` [n], rising; k <= n, no NaN. */
export function torchTopK(scores: Float32Array, k: number): Int32Array {
  const n = scores.length
  const row = new Row(scores)
  if (k * 64 <= n) row.heapSelect(0, k, n)
  else row.introselect(k - 1, n)
  return row.order.slice(0, k).sort()
}

class Row {
  /** Indices of scores, which are moved as the algorithm moves pairs of a score and its index. */
  readonly order: Int32Array

  constructor(private readonly scores: Float32Array) {
    this.order = Int32Array.from(scores, (_, i) => i)
  }

  introselect(nth: number, n: number): void {
    const { order } = this
    let [first, last] = [0, n]
    for (let depth = 2 * (31 - Math.clz32(n)); last - first > 3; depth--) {
      if (depth === 0) {
        this.heapSelect(first, nth + 1, last)
        this.swap(first, nth)
        return
      }
      const cut = this.partition(first, last)
      if (cut <= nth) first = cut
      else last = cut
    }
    for (let i = first + 1; i < last; i++) {
      const index = order[i]!
      let j = i
      for (; j > first && this.better(index, order[j - 1]!); j--) order[j] = order[j - 1]!
      order[j] = index
    }
  }

  /** The best middle - first of [first, last) come first, as a heap with the worst on top. */
  heapSelect(first: number, middle: number, last: number): void {
    const { order } = this
    const heap = order.subarray(first, middle)
    for (let parent = (heap.length >> 1) - 1; parent >= 0; parent--) this.sift(heap, parent, heap[parent]!)
    for (let i = middle; i < last; i++) {
      const index = order[i]!
      if (!this.better(index, heap[0]!)) continue
      order[i] = heap[0]!
      this.sift(heap, 0, index)
    }
  }

  /** Around the median of three, which goes to `first`; those from the result on are not better. */
  private partition(first: number, last: number): number {
    const { order } = this
    const middle = first + ((last - first) >> 1)
    const [a, b, c] = [order[first + 1]!, order[middle]!, order[last - 1]!]
    let median = first + 1
    if (this.better(a, b)) {
      if (this.better(b, c)) median = middle
      else if (this.better(a, c)) median = last - 1
    } else if (!this.better(a, c)) median = this.better(b, c) ? last - 1 : middle
    this.swap(first, median)
    const pivot = order[first]!
    let [low, high] = [first + 1, last - 1]
    for (; ; low++, high--) {
      while (this.better(order[low]!, pivot)) low++
      while (this.better(pivot, order[high]!)) high--
      if (low >= high) return low
      this.swap(low, high)
    }
  }

  /** __adjust_heap: the hole goes down to a leaf, and `index` up from there. */
  private sift(heap: Int32Array, top: number, index: number): void {
    let hole = top
    for (let child = 2 * hole + 2; child <= heap.length; child = 2 * hole + 2) {
      if (child === heap.length || this.better(heap[child]!, heap[child - 1]!)) child--
      heap[hole] = heap[child]!
      hole = child
    }
    for (let parent = (hole - 1) >> 1; hole > top && this.better(heap[parent]!, index); parent = (hole - 1) >> 1) {
      heap[hole] = heap[parent]!
      hole = parent
    }
    heap[hole] = index
  }

  private better(a: number, b: number): boolean {
    return this.scores[a]! > this.scores[b]!
  }

  private swap(i: number, j: number): void {
    const index = this.order[i]!
    this.order[i] = this.order[j]!
    this.order[j] = index
  }
}
