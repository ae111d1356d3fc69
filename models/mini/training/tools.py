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

ASK_WEATHER = ["what is the weather[ like|] in {city}[ today| now| right now| tomorrow|]", "what's the weather[ like|] in {city}[ today|]", "how is the weather in {city}[ today| now|]", "how's the weather in {city}", "weather in {city}", "weather {city}", "{city} weather[ please| today|]", "tell me the weather in {city}", "is it [raining|sunny|cold|warm|hot|snowing|windy|cloudy] in {city}[ today| now| right now|]", "will it [rain|snow|be sunny|be cold] in {city}[ today| tomorrow|]", "do I need an umbrella in {city}[ today|]", "how [cold|warm|hot] is it in {city}", "what is the temperature in {city}", "temperature in {city}", "what's the temperature in {city}[ now|]", "[please |]check the weather in {city}", "get the weather [for|in|of] {city}", "give me the [weather|forecast] for {city}", "[can|could] you [tell me|check|look up] the weather in {city}", "what's it like outside in {city}", "weather forecast for {city}", "I am in {city}, how is the weather", "I'm going to {city}, what's the weather there", "look up the weather for {city}", "show me the weather in {city}", "should I wear a coat in {city}"]
ASK_WEATHER_ZH = ["{city}[今天|现在|明天|][的|]天气[怎么样|如何|好吗|呢|]", "[今天|现在|]{city}天气怎么样", "查一下{city}的天气", "{city}[下雨|冷|热|下雪][吗|不]", "{city}多少度", "{city}气温[多少|是多少]", "请告诉我{city}的天气", "帮我查{city}天气", "我想知道{city}的天气", "{city}会下雨吗"]
ASK_CLOCK = ["what time is it", "what's the time", "what is the time[ now| right now|]", "tell me the time", "what time is it now", "time please", "current time", "do you know the time", "[can|could] you tell me the time", "what is the current time", "the time", "how late is it", "what does the clock say", "give me the time", "got the time", "check the clock", "what hour is it"]
ASK_CLOCK_IN = ["what time is it in {city}[ now|]", "what's the time in {city}", "what is the time in {city}", "time in {city}", "tell me the time in {city}", "current time in {city}", "what time is it [right now |]in {city}", "do you know what time it is in {city}", "{city} time", "how late is it in {city}", "local time in {city}"]
ASK_CLOCK_ZH = ["现在几点[了|]", "几点了", "现在是几点", "告诉我时间", "现在什么时间", "当前时间[是多少|]", "请问几点了", "看一下时间"]
ASK_CLOCK_IN_ZH = ["{city}现在几点[了|]", "现在{city}几点", "{city}是几点", "{city}的时间[是多少|]", "{city}几点了"]
OPERATIONS = [('+', ['+', ' + ', ' plus ']), ('-', ['-', ' - ', ' minus ']), ('*', ['*', ' * ', ' x ', ' times ', ' × ', '×', ' multiplied by ']), ('/', ['/', ' / ', ' divided by ', ' ÷ ', ' over '])]
OPERATIONS_ZH = [('+', ['+', '加', ' + ', '加上']), ('-', ['-', '减', ' - ', '减去']), ('*', ['*', '乘', '乘以', '×']), ('/', ['/', '除以', '÷'])]
ORDERS = [('+', 'add {a} and {b}'), ('+', 'the sum of {a} and {b}'), ('-', 'subtract {b} from {a}'), ('*', 'multiply {a} by {b}'), ('*', 'multiply {a} and {b}'), ('*', 'the product of {a} and {b}'), ('/', 'divide {a} by {b}')]
SKIES = ['sunny', 'cloudy', 'rain', 'light rain', 'snow', 'clear', 'clear sky', 'overcast', 'windy', 'fog', 'partly cloudy', 'thunderstorm', 'heavy rain', 'mild', 'hazy', 'Sunny', 'Cloudy', 'Rainy', 'Clear']
SKIES_ZH = ['晴', '多云', '小雨', '大雨', '阴', '雪', '晴天', '雾', '阵雨', '有风']

dumps = lambda v: json.dumps(v, ensure_ascii=False)
say_tools = lambda ts: '<tools>' + ' '.join(ts) + '</tools>'


def call(name, arguments): return '<tool_call>\n' + dumps(dict(name=name, arguments=arguments)) + '\n</tool_call>'


def place(r, zh, noise):
    if zh: return r.choice(O.FILL['zcity'] + O.FILL['zcountry'])
    if r.random() < 0.6: return r.choice(O.FILL['city'] + O.FILL['country'])
    w = noise(r).title() if r.random() < 0.8 else noise(r)
    return r.choice(['{}'] * 6 + ['New {}', 'San {}', 'Saint {}', '{} City', 'St. {}', 'Los {}', '{}, ' + r.choice(O.FILL['country'])]).format(w)


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
    if k < 0.15 and not zh:
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
    if k < 0.14:
        # The tools are there, and the question is another.
        t = ordinary(r); have = others(r, 'calculator')
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
