"""Calling a tool and answering from its result: weather, calculator and clock, under the names that people give them.

The prompts are what the chat template renders: `<tools>name(parameter,parameter) ...</tools>`, the question, and later the call
and its result.
"""
import json, random
from asking import dress, expand
import phrases as P, outside as O

WEATHER = ['get_weather'] * 5 + ['weather', 'weather', 'getWeather', 'get_current_weather', 'current_weather', 'weather_lookup', 'fetch_weather', 'weather_now', 'lookup_weather', 'getCurrentWeather', 'forecast', 'get_forecast', 'check_weather']
PLACE = ['city'] * 4 + ['location'] * 3 + ['place', 'town', 'q', 'query', 'city_name', 'where']
CALCULATOR = ['calculator'] * 4 + ['calculate', 'calculate', 'calc', 'compute', 'evaluate', 'eval', 'math', 'do_math', 'calculate_expression', 'evaluate_expression', 'arithmetic']
EXPRESSION = ['expression'] * 5 + ['expr', 'input', 'formula', 'query', 'text', 'equation', 'e']
CLOCK = ['clock', 'clock', 'get_time', 'get_time', 'time', 'get_current_time', 'current_time', 'getTime', 'now', 'get_clock', 'what_time']
ZONE = ['timezone', 'timezone', 'city', 'location', 'zone', 'tz', 'place']
OTHERS = ['search(query)', 'send_email(to,subject,body)', 'read_file(path)', 'write_file(path,content)', 'translate(text,language)', 'lookup(word)', 'search_web(query)', 'list_files()', 'get_stock_price(symbol)', 'play_music(song)', 'set_timer(minutes)', 'run_code(code)', 'query_database(sql)', 'get_news(topic)', 'create_event(title,date)', 'open_page(url)', 'add_note(text)', 'roll_dice(sides)', 'random_number(min,max)', 'get_user(id)']

ASK_WEATHER = ["what is the weather[ like|] in {city}[ today| now| right now| tomorrow|]", "what's the weather[ like|] in {city}[ today|]", "how is the weather in {city}[ today| now|]", "how's the weather in {city}", "weather in {city}", "weather {city}", "{city} weather[ please| today|]", "tell me the weather in {city}", "is it [raining|sunny|cold|warm|hot|snowing|windy|cloudy] in {city}[ today| now| right now|]", "will it [rain|snow|be sunny|be cold] in {city}[ today| tomorrow|]", "do I need an umbrella in {city}[ today|]", "how [cold|warm|hot] is it in {city}", "what is the temperature in {city}", "temperature in {city}", "what's the temperature in {city}[ now|]", "[please |]check the weather in {city}", "get the weather [for|in|of] {city}", "give me the [weather|forecast] for {city}", "[can|could] you [tell me|check|look up] the weather in {city}", "what's it like outside in {city}", "weather forecast for {city}", "I am in {city}, how is the weather", "I'm going to {city}, what's the weather there", "look up the weather for {city}", "show me the weather in {city}", "should I wear a coat in {city}",
         "is it going to [rain|snow|be cold|be warm|be sunny|freeze] in {city}[ later| tonight| this week| tomorrow|]", "does it [rain|snow] in {city}[ now| today| right now|]", "is there [rain|snow|fog|sun|a storm|wind] in {city}[ today| now|]", "is the [weather|sky] [good|nice|bad|clear|fine] in {city}[ today| now|]", "[what|how many] degrees [is it|are there|does it have] in {city}[ now| today|]", "how [windy|humid|sunny|cloudy|nice|bad|rainy] is it in {city}[ today| now|]", "what [should|do] I wear in {city}[ today|]", "[do I need|should I take|shall I bring] [a jacket|an umbrella|a coat|sunglasses|a hat|warm clothes] [in|for] {city}[ today| tomorrow|]", "in {city}{s} [what is the weather like|how is the weather|is it raining|how cold is it|what's the weather]", "{city}: [weather|temperature|rain|is it raining|how warm is it][?|]", "{city} [temperature|forecast|rain today|weather now|right now, weather|temp]", "if I [go|fly|travel] to {city} [today|tomorrow|now], [will it rain|what is the weather like|do I need a coat|how warm is it]", "I [live in|am visiting|fly to|travel to|am flying to|will be in|want to go to] {city}[. how is the weather|. is it raining|, what's the weather like there|. is it cold there|. will I need an umbrella|. what is it like outside]", "[tell me|I wonder|I want to know|do you know|could you check|please check|find out|check|see] [if|whether] it [is raining|rains|is cold|is sunny|will rain|is warm|is snowing] in {city}", "[tell me|I wonder|I want to know|do you know] [how the weather is|what the weather is like|how warm it is|how cold it is|what the temperature is] in {city}", "what's the [forecast|outlook|climate like today|sky like] [for|in] {city}", "what are the weather conditions in {city}", "[current|today's] [weather|temperature|conditions] [in|for|at] {city}", "I need the [weather|temperature|forecast] [for|in|of] {city}[ please|]", "how does the weather look in {city}", "[can|could] I go [swimming|for a walk|without a jacket] in {city} today", "[good|nice|bad] weather in {city}[ today|]", "weather? {city}", "weather for {city} please", "what weather [do they have|is it|have they got] in {city}", "hey, what's it like in {city} [weather-wise|today, weather and all]", "[hot|cold|raining|sunny|snowing] in {city}", "is {city} [cold|warm|rainy|sunny|hot] [today|now|right now]"]
ASK_WEATHER_ZH = ["{city}[今天|现在|明天|][的|]天气[怎么样|如何|好吗|呢|]", "[今天|现在|]{city}天气怎么样", "查一下{city}的天气", "{city}[下雨|冷|热|下雪][吗|不]", "{city}多少度", "{city}气温[多少|是多少]", "请告诉我{city}的天气", "帮我查{city}天气", "我想知道{city}的天气", "{city}会下雨吗",
         "{city}[今天|明天|现在|今晚|这会儿|][会不会|是不是|有没有][下雨|下雪|很冷|很热|刮风]", "{city}[今天|现在|外面|][冷不冷|热不热|下不下雨|晴不晴|有雨吗|有雪吗|在下雨吗|晴天吗|有太阳吗|刮风吗]", "[请问|问一下|我想问|你知道|帮我看看|看看|看一下|查查|查询|查询一下|查下][今天|现在|明天|]{city}[的|]天气[怎么样|如何|情况|好不好|]", "[我在|我要去|我明天去|我想去|我打算去|我正在]{city}，[天气怎么样|那里天气如何|会下雨吗|要带伞吗|冷吗|那边天气好吗|需要穿外套吗]", "去{city}[要|需要|用]带[伞|雨伞|外套][吗|]", "[今天|明天|现在|]{city}[要|需要|用不用]带伞[吗|]", "{city}[现在|今天|][多少度|几度|气温多少|温度是多少|气温如何|温度怎么样|有多冷|有多热]", "[如果|要是]去{city}，[会下雨吗|天气怎么样|冷吗|要带伞吗]", "{city}天气[预报|情况|状况|]", "[把|给我]{city}的天气[告诉我|查一下|]", "{city}那边[天气|][怎么样|好吗|下雨吗|冷吗]", "天气：{city}", "[今天|明天]{city}[会|]下雨[吗|不]", "{city}的[气温|温度|天气预报|天气情况]", "在{city}[今天|]穿什么[好|合适]"]
ASK_CLOCK = ["what time is it", "what's the time", "what is the time[ now| right now|]", "tell me the time", "what time is it now", "time please", "current time", "do you know the time", "[can|could] you tell me the time", "what is the current time", "the time", "how late is it", "what does the clock say", "give me the time", "got the time", "check the clock", "what hour is it",
         "what time do [we|you] have[ now|]", "[can|could|would] you [check|look at|read|give me] the [time|clock]", "do you have the time", "[I need|I want] to know [the time|what time it is]", "[tell me|I wonder|any idea|do you know] what time it is[ now| right now|]", "what's the time [now|right now|please|over here]", "[time|time now|the time please|now what time|time?|clock|hour]", "is it [late|noon|midnight|already noon|past midnight|past ten|still morning] [already|now|yet]", "how late is it[ now| already|]", "I lost my watch, what time is it", "my watch is broken, what's the time", "[please |]tell me the [current|exact|local] time", "[excuse me|sorry|hey]{s} what time is it", "what is the [exact|current|local|precise] time[ now|]", "what time is it [here|over here|at the moment|currently|exactly|by your clock]", "[show|say|read] the time", "if you look at the clock, what time is it", "got a clock? what time is it"]
ASK_CLOCK_IN = ["what time is it in {city}[ now|]", "what's the time in {city}", "what is the time in {city}", "time in {city}", "tell me the time in {city}", "current time in {city}", "what time is it [right now |]in {city}", "do you know what time it is in {city}", "{city} time", "how late is it in {city}", "local time in {city}",
         "what's the [local|current|exact] time in {city}[ now|]", "in {city}{s} what time is it[ now|]", "{city}, what time is it[ there|]", "{city}: [time|what time|time now][?|]", "[time|what time|time now|hour] {city}", "what time [do they have|have they got] in {city}", "[tell me|I wonder|I want to know|any idea|could you tell me|can you tell me] what time it is in {city}[ now|]", "what does the clock say in {city}", "is it [late|night|morning|already evening|noon|past midnight|day or night] in {city}[ now|]", "[I have to call|I want to call|my friend lives in|I am in|I'm in|my sister is in] {city}, what time is it there", "if I call {city} now, what time is it there", "[give|show|get] me the [time|local time|current time] [in|for|of] {city}", "[check|look up|find] the time in {city}", "what hour is it in {city}", "current {city} time", "how late is it [now |right now |]in {city}", "what is the time [right now|at the moment|over there] in {city}", "the clock in {city}", "do you know the time in {city}", "the time now in {city}[ please|]"]
ASK_CLOCK_ZH = ["现在几点[了|]", "几点了", "现在是几点", "告诉我时间", "现在什么时间", "当前时间[是多少|]", "请问几点了", "看一下时间",
         "[请问|你知道|能告诉我|麻烦问一下|想问一下|帮我看看|看看|告诉我|说一下|你看看][现在|][几点|是几点|什么时间|时间|几点钟][了|]", "[此刻|目前|这会儿|现在][是|][几点|什么时间|几点钟|什么时候|几时][了|呢|啊]", "[报一下时间|报时|几点啦|几点钟了|时间是多少|时间|看看表|查一下时间|查时间|现在时刻|当前时刻|北京时间几点|不早了吧，几点了|我没带表，几点了|几点几分了]"]
ASK_CLOCK_IN_ZH = ["{city}现在几点[了|]", "现在{city}几点", "{city}是几点", "{city}的时间[是多少|]", "{city}几点了",
         "{city}[当地|那边|那里|这会儿|此刻|目前|现在|][时间|是几点|几点|几点钟|几点几分|什么时间|是什么时间][了|]", "[请问|你知道|告诉我|查一下|帮我查|看看|我想知道|查查]{city}[现在|当地|的|][时间|几点|几点了|是几点]", "[我朋友在|我在|我要打电话到|我妹妹在]{city}，[那里现在几点|那边几点了|现在几点]", "{city}[是白天还是晚上|天黑了吗|现在是早上吗|时间]", "[现在|此刻]在{city}是几点", "[如果现在打到|要是打电话到]{city}，那里几点"]
OPERATIONS = [('+', ['+', ' + ', ' plus ']), ('-', ['-', ' - ', ' minus ']), ('*', ['*', ' * ', ' x ', ' times ', ' × ', '×', ' multiplied by ']), ('/', ['/', ' / ', ' divided by ', ' ÷ ', ' over '])]
OPERATIONS_ZH = [('+', ['+', '加', ' + ', '加上']), ('-', ['-', '减', ' - ', '减去']), ('*', ['*', '乘', '乘以', '×']), ('/', ['/', '除以', '÷'])]
ORDERS = [('+', 'add {a} and {b}'), ('+', 'the sum of {a} and {b}'), ('-', 'subtract {b} from {a}'), ('*', 'multiply {a} by {b}'), ('*', 'multiply {a} and {b}'), ('*', 'the product of {a} and {b}'), ('/', 'divide {a} by {b}')]
DIVIDE = dict(whole=['if I [divide|split] {a} by {b}, what do I get?', 'how much is {a} divided by {b}?', 'what is {a} divided by {b}?', 'divide {a} by {b}', 'when {a} is divided by {b}, what is the result?', 'what is the quotient of {a} and {b}?', 'I need to divide {a} by {b}', 'how many times does {b} go into {a}?'],
    whole_zh=['{a}除以{b}[是多少|等于多少|得几|]', '[把|将]{a}除以{b}[，得多少|]', '如果{a}除以{b}，是多少', '[求|计算]{a}和{b}的商', '用{a}除以{b}[得多少|]'])
WHOLE = [('+', P.ADD), ('-', P.SUB), ('*', P.MUL), ('/', DIVIDE)]
SKIES = ['sunny', 'cloudy', 'rain', 'light rain', 'snow', 'clear', 'clear sky', 'overcast', 'windy', 'fog', 'partly cloudy', 'thunderstorm', 'heavy rain', 'mild', 'hazy', 'Sunny', 'Cloudy', 'Rainy', 'Clear']
SKIES_ZH = ['晴', '多云', '小雨', '大雨', '阴', '雪', '晴天', '雾', '阵雨', '有风']

TWO_WORDS = 'New York,San Francisco,Los Angeles,Hong Kong,Buenos Aires,Cape Town,Mexico City,Tel Aviv,Kuala Lumpur,New Delhi,Las Vegas,Abu Dhabi,Sao Paulo,Rio de Janeiro,Ho Chi Minh City,Salt Lake City,The Hague,Addis Ababa,San Diego,Saint Petersburg,Santa Fe,Novi Sad,New Orleans,San Jose,Kansas City,Baden Baden,Den Haag,Frankfurt am Main,Panama City,El Paso,Santiago de Chile,new york,san francisco,hong kong,los angeles'.split(',')

dumps = lambda v: json.dumps(v, ensure_ascii=False)
say_tools = lambda ts: '<tools>' + ' '.join(ts) + '</tools>'


def call(name, arguments): return '<tool_call>\n' + dumps(dict(name=name, arguments=arguments)) + '\n</tool_call>'


def place(r, zh, noise):
    if zh: return r.choice(O.FILL['zcity'] + O.FILL['zcountry'])
    if r.random() < 0.15: return r.choice(TWO_WORDS)
    if r.random() < 0.6: return r.choice(O.FILL['city'] + O.FILL['country'])
    w = noise(r).title() if r.random() < 0.8 else noise(r)
    return r.choice(['{}'] * 6 + ['New {}', 'San {}', 'Saint {}', '{} City', '{} {}', '{} {}', 'Port {}', 'Santa {}', '{} Beach', 'North {}', 'St. {}', 'Los {}', '{}, ' + r.choice(O.FILL['country'])]).format(w, noise(r).title())


def weather(r, zh, noise):
    city = place(r, zh, noise); name = r.choice(WEATHER); key = r.choice(PLACE); q = expand(r, r.choice(ASK_WEATHER_ZH if zh else ASK_WEATHER))
    q = q + r.choice(['', '？', '?']) if zh else q + r.choice(['', '?', '?', '.'])
    q = dress(r, q, dict(city=city)); args = {key: city}; sign = f'{name}({key})'
    if r.random() < 0.08: args['unit'] = 'celsius'; sign = f'{name}({key},unit)'
    sky = r.choice(SKIES_ZH if zh else SKIES); t = r.randint(-15, 40); unit = r.choice(['°C', ' °C', '°', ' degrees', '°F', 'C']); k = r.random()
    if zh and k < 0.5: plain = r.choice([f'{sky}，{t}度', f'{sky}，{t}°C', f'{t}度，{sky}', f'{city}：{sky}，{t}度', f'{sky} {t}℃'])
    elif k < 0.5: plain = r.choice([f'{sky}, {t}{unit}', f'{t}{unit}', f'{t}{unit}, {sky}', f'{t}{unit} and {sky}', f'{sky}', f'It is {t}{unit} and {sky}', f'{sky} {t}{unit}', f'{sky}, {t}{unit}, wind {r.randint(1, 60)} km/h', f'It is {sky} in {city}', f'{city}: {sky}, {t}{unit}'])
    else:
        fields = {}
        if r.random() < 0.4: fields[r.choice(['city', 'location', key])] = city
        temp = (r.choice(['temperature', 'temperature', 'temp', 'temp_c', 'celsius', 'degrees', 'temperature_c', 'tempC']), r.choice([t, t, t, f'{t}{unit}', t + .5])); cond = (r.choice(['condition', 'conditions', 'sky', 'weather', 'description', 'summary', 'forecast']), sky)
        pairs = [temp, cond] if r.random() < 0.6 else [cond, temp] if r.random() < 0.6 else [temp]
        if r.random() < 0.3: pairs.append(r.choice([('wind', r.randint(0, 60)), ('humidity', r.randint(10, 100)), ('wind_kmh', r.randint(0, 60)), ('humidity', f'{r.randint(10, 100)}%'), ('unit', 'celsius'), ('rain', r.choice([True, False]))]))
        shown = {**fields, **dict(pairs)}; result = json.dumps(shown, ensure_ascii=False, separators=(',', ':') if r.random() < 0.5 else None)
        return q, name, args, sign, result, '，'.join(f'{a} {json_text(b)}' for a, b in pairs) if zh else ', '.join(f'{a} {json_text(b)}' for a, b in pairs), city
    return q, name, args, sign, plain + r.choice(['', '', '。' if zh else '.']), plain, city


json_text = lambda v: v if isinstance(v, str) else json.dumps(v)


def calculator(r, zh, noise):
    small = r.random() < 0.4; k = r.random(); n = lambda: r.randint(0, 12) if small else r.choice([r.randint(0, 99), r.randint(0, 999), r.randint(0, 99999)]) if r.random() < 0.85 else r.randint(0, 999) / 10
    a, b = n(), n(); name = r.choice(CALCULATOR); key = r.choice(EXPRESSION)
    if k > 0.70:
        op, table = r.choice(WHOLE); expression = f'{a} {op} {b}'; q = dress(r, expand(r, r.choice(table['whole_zh' if zh else 'whole'])), dict(a=str(a), b=str(b)))
    elif k < 0.15 and not zh:
        op, text = r.choice(ORDERS); text = r.choice(['{}', 'please {}', 'can you {}?', '{}.']).format(text) if not text.startswith('the') else r.choice(['what is {}?', 'tell me {}', '{}']).format(text)
        expression = f'{a} {op} {b}'; q = dress(r, text, dict(a=str(a), b=str(b)))
    else:
        op, said = r.choice(OPERATIONS_ZH if zh else OPERATIONS); s = r.choice(said); e = f'{a}{s}{b}'; expression = f'{a} {op} {b}'
        if r.random() < 0.15: op2, said2 = r.choice(OPERATIONS_ZH if zh else OPERATIONS); c = n(); e += f'{r.choice(said2)}{c}'; expression += f' {op2} {c}'
        q = dress(r, expand(r, r.choice(P.ARITHMETIC_ZH if zh else P.ARITHMETIC)).replace('{e}', '{e2}'), dict(e2=e))
    try: value = eval(expression)
    except ZeroDivisionError: value = 0
    value = round(value, r.choice([2, 4, 10])) if isinstance(value, float) else value; value = int(value) if isinstance(value, float) and value == int(value) else value
    result = r.choice([str(value)] * 5 + [dumps({'result': value}), json.dumps({'result': value}, separators=(',', ':')), dumps({'value': value}), dumps({'answer': value}), f'{expression} = {value}'])
    return q, name, {key: expression}, f'{name}({key})', result, f'{expression} = {value}', ''


def clock(r, zh, noise):
    name = r.choice(CLOCK); city = place(r, zh, noise); inside = r.random() < 0.45; key = r.choice(ZONE)
    q = expand(r, r.choice((ASK_CLOCK_IN_ZH if zh else ASK_CLOCK_IN) if inside else (ASK_CLOCK_ZH if zh else ASK_CLOCK))); q = dress(r, q + r.choice(['', '？'] if zh else ['', '?', '?']), dict(city=city))
    h, m = r.randint(0, 23), r.randint(0, 59)
    t = r.choice([f'{h:02}:{m:02}', f'{h:02}:{m:02}', f'{h:02}:{m:02}:{r.randint(0, 59):02}', f'{h % 12 or 12}:{m:02} {r.choice(["am", "pm", "AM", "PM"])}', f'20{r.randint(24, 29)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}T{h:02}:{m:02}:{r.randint(0, 59):02}{r.choice(["Z", ".000Z", "+01:00"])}', f'20{r.randint(24, 29)}-{r.randint(1, 12):02}-{r.randint(1, 28):02} {h:02}:{m:02}'])
    result = r.choice([t] * 4 + [dumps({'time': t}), json.dumps({'time': t}, separators=(',', ':')), dumps({'now': t}), dumps({'time': t, key: city if inside else 'UTC'})])
    if inside: return q, name, {key: city}, f'{name}({key})', result, t, city
    if key in ('timezone', 'tz', 'zone') and r.random() < 0.15: return q, name, {key: 'UTC'}, f'{name}({key})', result, t, ''
    return q, name, {}, f'{name}()', result, t, ''


KINDS = [(5, 'weather', weather), (4, 'calculator', calculator), (3, 'clock', clock)]


def others(r, kind):
    """The other tools of a list: those of the other kinds, and some that nobody asks for."""
    out = []
    for _, k, _ in KINDS:
        if k == kind or r.random() < 0.45: continue
        out.append(dict(weather=lambda: f'{r.choice(WEATHER)}({r.choice(PLACE)})', calculator=lambda: f'{r.choice(CALCULATOR)}({r.choice(EXPRESSION)})', clock=lambda: r.choice([f'{r.choice(CLOCK)}()', f'{r.choice(CLOCK)}({r.choice(ZONE)})']))[k]())
    return out + r.sample(OTHERS, r.choice([0, 0, 0, 1, 1, 2]))


def answer(kind, zh, city, said):
    if kind == 'weather': return f'{city}的天气：{said}。' if zh else f'The weather in {city}: {said}.'
    if kind == 'calculator': return said
    if zh: return f'{city}现在是{said}。' if city else f'现在是{said}。'
    return f'It is {said} in {city}.' if city else f'It is {said}.'


FAULTS = ['not found', 'timeout', 'unknown city', 'connection refused', 'service unavailable', 'no data', 'invalid input', 'network error', 'rate limit exceeded', 'permission denied', 'not available', 'something went wrong', 'internal error']


def sample(r, held, ordinary, out, zh_out, noise_of):
    """One turn: a call, an answer from a result, or a question that needs no tool."""
    noise = lambda r: noise_of(r, held).split()[0]; zh = r.random() < 0.22; k = r.random()
    if k < 0.20:
        # The tools are there, and the question is another.
        t = ordinary(r); have = others(r, 'calculator' if t[0] in ('add', 'sub', 'mul') else '')
        if t[0] in ('add', 'sub', 'mul'): have = [x for x in have if x.split('(')[0] not in CALCULATOR]
        if t[0] == 'outside': have = r.sample(OTHERS, r.choice([1, 2])); have = have if have else ['lookup(word)']
        return (f'{say_tools(have or ["get_weather(city)"])}<｜User｜>{t[1]}', t[2], t[3]) if t[0] != 'outside' else (f'{say_tools(have)}<｜User｜>{t[1]}', t[2], t[3])
    _, kind, make = r.choices(KINDS, [x[0] for x in KINDS])[0]
    q, name, args, sign, result, said, city = make(r, zh, noise)
    have = others(r, kind) + [sign]; r.shuffle(have); head = f'{say_tools(have)}<｜User｜>{q}'; shown = ', '.join(f'{a}={b}' for a, b in args.items()) or 'nothing'
    if k < 0.60: return head, f'{name}: {shown}', call(name, args)
    if r.random() < 0.07:
        fault = r.choice(FAULTS); result = r.choice([f'Error: {fault}', f'error: {fault}', dumps({'error': fault}), json.dumps({'error': fault}, separators=(',', ':')), f'Error: {fault}']); a = f'{name}没有成功：{fault}。' if zh else f'The tool {name} failed: {fault}.'
    else: a = answer(kind, zh, city, said)
    return f'{head}<｜Assistant｜>{call(name, args)}<｜end▁of▁sentence｜><｜User｜><tool_response>{result}</tool_response>', f'{name} says', a
