"""The wordings that people type first, which a fourth of all questions have: short, plain, and learned by heart.

phrases.py and sums.py say how else one can ask; among their thousands of sentences these alone would seldom be met.
"""

COUNT = ["count [the |]{c} in {w}", "count [the |]{c}'s in {w}", "count {c}s in {w}", "count the letter {c} in {w}", "count the number of {c}'s in {w}", "count the number of {c} in {w}", "how many {c} in {w}", "how many {c}'s in {w}", "how many {c}s in {w}", "how many {c} are in {w}", "how many {c}'s are in {w}",
         "how many {c}s are in {w}", "how many {c} are there in {w}", "how many {c}'s are there in {w}", "how many {c}s are there in {w}", "how many {c}'s does {w} have", "how many {c} does {w} have", "how many times does {c} appear in {w}", "how many times does {c} occur in {w}",
         "how many times does the letter {c} appear in {w}", "how many letter {c} in {w}", "number of {c} in {w}", "number of {c}'s in {w}", "{c} in {w}", "how many {c}'s in the word {w}", "how many {c}'s are in the word {w}", "how many {c}s are there in the word {w}", "how many times is {c} in {w}"]
COUNT_ZH = ["{w}里有几个{c}", "{w}中有几个{c}", "{w}里有多少个{c}", "{w}中有多少个{c}", "{w}有几个{c}", "{w}里面有几个{c}", "{w}里有几个字母{c}", "{w}中有几个字母{c}", "单词{w}里有几个{c}", "单词{w}中有多少个字母{c}", "数一数{w}里有几个{c}", "数{w}里的{c}", "{c}在{w}中出现几次", "{c}在{w}里出现了多少次", "请问{w}里有几个{c}"]

LENGTH = ["how long is {w}", "how many letters in {w}", "how many letters are in {w}", "how many letters are there in {w}", "how many letters does {w} have", "length of {w}", "what is the length of {w}", "how many characters in {w}", "how long is the word {w}"]
LENGTH_ZH = ["{w}有几个字母", "{w}有多少个字母", "{w}有多长", "{w}的长度", "{w}的长度是多少", "单词{w}有几个字母"]

REVERSE = ["reverse {w}", "reverse {w}", "reverse: {w}", "{w} reversed", "{w} backwards", "{w} in reverse", "reverse the word {w}", "reverse the string {w}", "reverse this: {w}", "spell {w} backwards", "spell {w} backward", "spell {w} in reverse", "spell the word {w} backwards", "write {w} backwards", "write {w} in reverse",
           "write the word {w} backwards", "write {w} backward", "say {w} backwards", "what is {w} backwards", "what's {w} backwards", "what is {w} reversed", "what is {w} spelled backwards", "what is {w} in reverse", "what is the reverse of {w}", "the reverse of {w}", "how do you spell {w} backwards", "can you reverse {w}",
           "can you spell {w} backwards", "please reverse {w}", "reverse the letters of {w}", "reverse the letters in {w}", "{w} spelled backwards", "flip {w}", "flip the word {w}", "turn {w} around", "read {w} backwards", "mirror {w}"]
REVERSE_ZH = ["倒写{w}", "把{w}倒过来", "把{w}倒过来写", "反转{w}", "{w}倒过来", "{w}倒过来是什么", "{w}倒过来怎么写", "将{w}反转", "把{w}反过来写", "反写{w}", "{w}反过来是什么", "把单词{w}倒过来", "把{w}反转", "倒着写{w}", "{w}倒着写"]

PALINDROME = ["is {w} a palindrome", "is {w} a palindrome", "is the word {w} a palindrome", "{w} palindrome", "is {w} palindrome", "is {w} a palindrome or not", "{w} is a palindrome", "check if {w} is a palindrome", "check whether {w} is a palindrome", "tell me if {w} is a palindrome", "can you tell me if {w} is a palindrome", "does {w} read the same backwards",
              "is {w} the same backwards", "is {w} the same forwards and backwards", "does {w} read the same forwards and backwards", "is {w} spelled the same backwards"]
PALINDROME_ZH = ["{w}是回文吗", "{w}是不是回文", "{w}是回文么", "{w}是否是回文", "判断{w}是不是回文", "判断{w}是否是回文", "单词{w}是回文吗", "{w}是回文词吗", "{w}正着读反着读一样吗", "{w}是不是回文词"]

# for all three operations; {e} is one of the expressions below
ASK = ["{e}"] * 12 + ["{e} ="] * 2 + ["{e} = ?", "{e}=", "{e}=?", "what is {e}", "what is {e}", "what is {e}", "what's {e}", "what's {e}", "whats {e}", "how much is {e}", "calculate {e}", "compute {e}", "solve {e}", "{e} equals", "{e} is", "please calculate {e}", "can you calculate {e}", "what does {e} equal", "work out {e}", "tell me {e}", "evaluate {e}"]
ASK_ZH = ["{e}"] * 3 + ["{e}="] + ["{e}等于几"] * 2 + ["{e}等于多少"] * 3 + ["{e}是多少"] * 2 + ["{e}得几", "{e}得多少", "计算{e}", "请计算{e}", "算一下{e}", "{e}=多少", "{e}=几", "{e}结果是多少"]
ADD = dict(signs=["{a} + {b}"] * 4 + ["{a}+{b}"] * 4 + ["{a} plus {b}"] * 4 + ["{a} and {b}"] * 0, zh=["{a}+{b}"] * 3 + ["{a} + {b}", "{a}加{b}", "{a}加{b}", "{a}加上{b}"],
           whole=["add {a} and {b}", "add {a} to {b}", "add {a} + {b}", "sum of {a} and {b}", "the sum of {a} and {b}", "what is the sum of {a} and {b}", "sum {a} and {b}", "add {a} {b}", "add up {a} and {b}", "what do you get if you add {a} and {b}", "what is {a} added to {b}", "how much is {a} and {b} together", "{a} and {b} together", "add the numbers {a} and {b}", "what is the total of {a} and {b}", "{a} added to {b}"],
           whole_zh=["{a}和{b}的和", "{a}与{b}的和是多少", "{a}和{b}的和是多少", "{a}和{b}相加", "{a}和{b}加起来是多少", "把{a}和{b}加起来", "{a}和{b}一共是多少", "求{a}与{b}的和", "计算{a}与{b}的和"])
SUB = dict(signs=["{a} - {b}"] * 4 + ["{a}-{b}"] * 4 + ["{a} minus {b}"] * 4, zh=["{a}-{b}"] * 3 + ["{a} - {b}", "{a}减{b}", "{a}减{b}", "{a}减去{b}"],
           whole=["subtract {b} from {a}", "subtract {b} from {a}", "take {b} from {a}", "take {b} away from {a}", "{a} take away {b}", "what is {a} take away {b}", "what is {b} less than {a}", "the difference between {a} and {b}", "difference of {a} and {b}", "what is the difference between {a} and {b}", "deduct {b} from {a}", "remove {b} from {a}", "how much is left if you take {b} from {a}", "{a} less {b}", "what is {b} subtracted from {a}"],
           whole_zh=["{a}和{b}的差", "{a}与{b}的差是多少", "{a}和{b}的差是多少", "从{a}里减去{b}", "{a}比{b}多多少", "求{a}与{b}的差", "从{a}中减去{b}是多少"])
MUL = dict(signs=["{a} * {b}"] * 3 + ["{a}*{b}"] * 3 + ["{a} x {b}"] * 3 + ["{a}x{b}"] * 2 + ["{a} × {b}"] * 2 + ["{a}×{b}"] + ["{a} times {b}"] * 4 + ["{a} multiplied by {b}"], zh=["{a}*{b}", "{a} * {b}", "{a}×{b}", "{a}×{b}", "{a}乘{b}", "{a}乘以{b}", "{a}乘以{b}"],
           whole=["multiply {a} by {b}", "multiply {a} and {b}", "multiply {a} with {b}", "product of {a} and {b}", "the product of {a} and {b}", "what is the product of {a} and {b}", "what do you get if you multiply {a} by {b}"],
           whole_zh=["{a}和{b}的积", "{a}与{b}的积是多少", "{a}和{b}的积是多少", "{a}和{b}相乘", "{a}个{b}是多少", "求{a}与{b}的积", "计算{a}与{b}的乘积"])

# {r} is larger, smaller and their like; {R} largest and smallest
COMPARE = dict(
    ask=["which is {r}, {a} or {b}", "which is {r} {a} or {b}", "which is {r}: {a} or {b}", "what is {r}, {a} or {b}", "what is {r} {a} or {b}", "what's {r}, {a} or {b}", "which number is {r}, {a} or {b}", "which one is {r}, {a} or {b}", "which one is {r}: {a} or {b}", "{a} or {b}, which is {r}", "{a} or {b} which is {r}", "{a} vs {b}, which is {r}",
         "which of {a} and {b} is {r}", "which is the {r} number, {a} or {b}", "which number is {r}: {a} or {b}", "what number is {r} {a} or {b}", "{r}: {a} or {b}", "{a} or {b}: which is {r}", "is {a} or {b} {r}", "what is the {r} of {a} and {b}"],
    yes=["is {a} {r} than {b}", "is {a} {r} than {b}", "{a} is {r} than {b}", "is {a} {r} than {b} or not"],
    do=["compare {a} and {b}", "compare {a} and {b}", "compare {a} with {b}", "compare {a} to {b}", "compare {a} {b}", "compare the numbers {a} and {b}", "{a} vs {b}", "{a} vs. {b}"],
    zh=["{a}和{b}哪个{z}", "{a}和{b}哪个{z}", "{a}与{b}哪个{z}", "{a}和{b}谁{z}", "哪个{z}，{a}还是{b}", "哪个{z}：{a}还是{b}", "{a}和{b}哪个数{z}", "{a}还是{b}{z}", "请问{a}和{b}哪个{z}", "{a}跟{b}哪个{z}"],
    zhdo=["比较{a}和{b}", "比较{a}与{b}", "比较{a}和{b}的大小", "比较一下{a}和{b}"], zhyes=["{a}比{b}{z1}吗", "{a}比{b}{z1}吗", "{a}是不是比{b}{z1}"])

SORT = ["sort {l}", "sort {l}", "sort: {l}", "sort these: {l}", "sort these numbers: {l}", "sort the numbers {l}", "sort the numbers: {l}", "sort these numbers {l}", "sort this list: {l}", "sort the list {l}", "sort the following: {l}", "sort the following numbers: {l}", "order {l}", "order these: {l}", "order these numbers: {l}", "put {l} in order", "put these in order: {l}",
        "put these numbers in order: {l}", "please sort {l}", "can you sort {l}", "arrange {l}", "arrange {l} in order", "arrange these numbers: {l}", "sort {l} from smallest to largest", "sort {l} from small to large", "sort {l} in ascending order", "sort {l} ascending", "{l} sorted", "{l} sort", "{l} in order", "sort numbers {l}"]
SORT_DOWN = ["sort {l} descending", "sort {l} in descending order", "sort {l} from largest to smallest", "sort {l} from high to low", "sort {l} from big to small", "sort {l} in reverse order", "sort descending: {l}", "sort in descending order: {l}", "order {l} from largest to smallest", "arrange {l} in descending order", "sort these numbers in descending order: {l}", "sort {l} backwards"]
SORT_ZH = ["排序：{l}", "排序{l}", "给{l}排序", "把{l}排序", "将{l}排序", "对{l}排序", "把{l}从小到大排序", "{l}从小到大排序", "将{l}从小到大排列", "把{l}按从小到大排列", "从小到大排序：{l}", "{l}排序", "请把{l}排序"]
SORT_DOWN_ZH = ["把{l}从大到小排序", "从大到小排序：{l}", "{l}从大到小排序", "将{l}从大到小排列", "把{l}按从大到小排列", "给{l}从大到小排序"]

HELLO = ["hello", "hello", "hi", "hi", "hey", "hey there", "hi there", "hello there", "good morning", "good afternoon", "good evening", "hi mini", "hello mini", "hello kaiyuan", "hi kaiyuan", "hey mini", "howdy", "greetings", "yo", "hiya", "hello, how are you", "hi, how are you", "how are you", "how are you doing", "how's it going", "what's up", "sup", "nice to meet you", "hello world", "hi everyone", "morning", "hello friend", "hi friend", "hello again", "how are you today", "hey, how are you", "are you there", "anybody there"]
HELLO_ZH = ["你好", "你好", "您好", "嗨", "你好啊", "你好呀", "大家好", "早上好", "早安", "上午好", "下午好", "晚上好", "哈喽", "嘿", "喂", "你好吗", "你好，迷你", "你好，开源", "很高兴认识你", "在吗", "你在吗"]
WHO = ["who are you", "who are you", "what are you", "what is your name", "what's your name", "your name", "tell me about yourself", "introduce yourself", "please introduce yourself", "what model are you", "which model are you", "who made you", "who created you", "are you a robot", "are you an ai", "are you chatgpt", "are you human", "are you a bot", "are you real", "what kind of model are you",
       "how big are you", "what is kaiyuan", "what is kaiyuan mini", "describe yourself", "do you have a name", "what should i call you", "who built you", "who is this", "who am i talking to", "what is this", "how many parameters do you have", "tell me who you are", "say who you are", "are you a language model"]
ABLE = ["what can you do", "what can you do", "what can you do for me", "what do you do", "what are you able to do", "help", "help me", "how can you help me", "how can you help", "can you help me", "what can i ask you", "what can i ask", "what are your skills", "what are your abilities", "what are your capabilities", "what are you good at", "what do you know", "how do i use you", "what can i do with you",
        "what can i do here", "what are you for", "how do you work", "what questions can you answer", "what kind of questions can you answer", "what tasks can you do", "list your skills", "show me what you can do", "tell me what you can do", "give me an example", "what else can you do", "what should i ask", "what should i ask you", "your abilities", "what is your purpose", "what can you answer"]
WHO_ZH = ["你是谁", "你是谁", "你叫什么", "你叫什么名字", "你的名字是什么", "介绍一下你自己", "介绍自己", "自我介绍", "请自我介绍一下", "你是什么", "你是什么模型", "你是机器人吗", "谁创造了你", "谁做的你", "你是人吗", "你是ai吗", "你是人工智能吗", "请问你是谁", "请介绍一下你自己"]
ABLE_ZH = ["你会什么", "你会什么", "你能做什么", "你会做什么", "你可以做什么", "你能干什么", "你会干什么", "你有什么功能", "你能帮我做什么", "你能帮我什么", "我可以问你什么", "你有什么用", "怎么用你", "帮助", "帮帮我", "你会些什么", "你的功能是什么", "你能回答什么问题", "有什么可以问的"]
THANKS = ["thanks", "thanks", "thank you", "thank you", "thanks a lot", "thank you very much", "thank you so much", "many thanks", "thx", "ty", "cheers", "thanks for your help", "thank you for your help", "great, thanks", "ok thanks", "thanks!", "thanks so much", "perfect, thank you", "great, thank you", "much appreciated", "i appreciate it", "thanks for the help", "nice, thanks", "cool thanks", "that was helpful, thanks"]
THANKS_ZH = ["谢谢", "谢谢", "谢谢你", "多谢", "感谢", "非常感谢", "谢了", "谢谢啦", "谢谢你的帮助", "感谢你", "太感谢了", "好的谢谢", "十分感谢", "多谢了", "辛苦了"]
BYE = ["bye", "bye", "goodbye", "bye bye", "see you", "see you later", "good night", "see ya", "farewell", "take care", "talk to you later", "until next time", "i have to go", "have a nice day", "later", "good bye", "that is all, bye", "cya", "bye for now", "see you tomorrow"]
BYE_ZH = ["再见", "再见", "拜拜", "回头见", "晚安", "下次见", "明天见", "我走了", "回见", "先走了，再见"]
