/** A text of our own to measure with: prose, code and Chinese, some 1,000 tokens. */
export const FIDELITY_TEXT = `The ferry left at six in the morning, before the wind came up. On the upper deck a man with a grey cap counted boxes of apples, wrote each number into a small book, and then counted them again, since the book did not agree with him. Below, two children pressed their hands against the window and waited for the lighthouse. "It is further than you think," said their mother, who had made the crossing forty times and still looked up whenever the engine changed its sound.

At the edge of the harbour the water was the colour of slate. It had rained for three days, and the river had carried branches, leaves and a single red chair down to the sea. Nobody knew whose chair it was. The captain steered around it as if it had a right to be there. By noon they would reach the island; the post would be sorted on the stone table next to the church, the baker would complain about the flour, and somebody would ask whether there was a letter from the south.

A measurement is a comparison. To say that a table is two metres long is to say that a certain stick fits along it twice. The stick itself may be too long or too short, it may have been left in the sun, and whoever holds it may look at it from the side. So a careful person measures more than once, writes down how far the results lie apart, and does not claim to know more than that. The same holds for counting: out of a hundred seeds seventy-three came up, which does not mean that seventy-three percent of all seeds of this kind would.

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return undefined
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

def primes(limit):
    """All primes below limit, by the sieve of Eratosthenes."""
    composite = bytearray(limit)
    found = []
    for number in range(2, limit):
        if not composite[number]:
            found.append(number)
            for multiple in range(number * number, limit, number):
                composite[multiple] = 1
    return found

SELECT city, COUNT(*) AS people, AVG(age) AS mean_age
FROM residents
WHERE moved_in >= '2020-01-01'
GROUP BY city
HAVING COUNT(*) > 100
ORDER BY mean_age DESC;

渡船清晨六点离港，那时还没有起风。甲板上一个戴灰帽子的人在数苹果箱，把每个数字记在小本子里，然后又数了一遍，因为本子上的数目和他数的不一样。楼下两个孩子把手贴在窗户上，等着看灯塔。“比你们想的要远，”他们的母亲说。她已经走过四十次这条路，可是发动机的声音一变，她还是会抬起头来。

测量就是比较。说一张桌子长两米，意思是某一根尺子沿着它可以放两次。尺子本身可能太长，也可能太短；拿尺子的人也可能看偏了。所以细心的人会量不止一次，写下每次结果相差多少，而不说自己知道得更多。数数也是这样：一百粒种子有七十三粒发了芽，并不等于所有这种种子都有百分之七十三会发芽。

Three rules of the workshop hang on the wall. First: put the tool back where you found it. Second: if you do not know what a switch does, ask before you press it. Third: the cat sleeps on the warm machine, and whoever wants to use the machine has to persuade the cat. In eleven years no visitor has broken the first two rules, and no one has kept the third.
`
