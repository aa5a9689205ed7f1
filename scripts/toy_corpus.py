#!/usr/bin/env python3
"""The toy corpus: a small Chinese-English grammar whose rules write both sides of a sentence at once.

    scripts/toy_corpus.py [FOLDER]            write {train,dev,test}.{zh,en}; FOLDER is data/toy unless told
    scripts/toy_corpus.py --check [FOLDER]    derive them again and compare; exit 1 with a sentence if they differ

In reading order: the lexicon, the forms of words, what fills a slot, the rules, derivation, the split, the check.
A Chinese sentence has one translation only, so a model can get every word right. More in data/README.md.
"""
import os
import random
import re
import sys
from collections import namedtuple

TRAIN, DEV, TEST, HELD_OUT_SHARE, SEED = 20000, 500, 500, 0.12, 20170612

# No training sentence has both strings of a row; HELD_OUT_SHARE of dev and of test do.
HELD_OUT = [('首都', '埃及'), ('首都', '泰国'), ('比', '叔叔'), ('不', '牛奶'), ('会说', '俄语'), ('正在', '钢琴'),
            ('色', '椅子'), ('没', '星期四'), ('如果', '博物馆'), ('买的', '雨伞'), ('把', '手表'), ('岁', '七岁')]

# ---------------------------------------------------------------- lexicon


def table(text):
    """Rows are apart by a semicolon or a line's end, cells by a slash."""
    return [tuple(row.strip().split('/')) for row in re.split('[;\n]', text) if row.strip()]


Person = namedtuple('Person', 'zh subj obj poss agr many')  # agr: the verb form that follows, I, you, sg or pl
Noun = namedtuple('Noun', 'zh measure one many bare kind')  # 'glass of water', 'glasses of water', 'water', 'drink'
Place = namedtuple('Place', 'zh en measure at to')
Country = namedtuple('Country', 'zh en capital_zh capital_en people language_zh language_en')
Adjective = namedtuple('Adjective', 'zh en more')
Activity = namedtuple('Activity', 'verb thing once often places')  # once: 'read a book', often: 'read books'

PRONOUNS = I, YOU, HE, SHE, WE, YOU_ALL, THEY, THEY_F = [Person(*row, row[0].endswith('们')) for row in table('''
    我/I/me/my/I; 你/you/you/your/you; 他/he/him/his/sg; 她/she/her/her/sg; 我们/we/us/our/pl; 你们/you/you/your/pl
    他们/they/them/their/pl; 她们/they/them/their/pl''')]
MINE = {'I': 'mine', 'you': 'yours', 'he': 'his', 'she': 'hers', 'we': 'ours', 'they': 'theirs'}
WHO = Person('谁', 'who', '', '', 'sg', False)


def named(zh, en, agr='sg'):
    return Person(zh, en, en, en + ("'" if agr == 'pl' else "'s"), agr, agr == 'pl')


KIN = table('''爸爸/father; 妈妈/mother; 爷爷/grandfather; 奶奶/grandmother; 叔叔/uncle; 阿姨/aunt; 哥哥/older brother
    姐姐/older sister; 弟弟/younger brother; 妹妹/younger sister; 儿子/son; 女儿/daughter''')
CIRCLE = table('朋友/friend; 同学/classmate; 同事/colleague; 邻居/neighbor; 老师/teacher')
NAMES = [named(zh, en) for zh, en in table('''小明/Xiaoming; 小红/Xiaohong; 汤姆/Tom
    玛丽/Mary; 约翰/John; 安娜/Anna; 王先生/Mr. Wang; 张女士/Ms. Zhang; 李医生/Dr. Li''')]
YOUNG = table('学生/student; 男孩/boy; 女孩/girl')
JOBS = table('''学生/student; 老师/teacher; 医生/doctor; 护士/nurse; 工程师/engineer; 律师/lawyer; 司机/driver; 作家/writer
    歌手/singer; 科学家/scientist; 厨师/cook; 经理/manager; 记者/reporter; 程序员/programmer''')

COUNTRIES = [Country(*row) for row in table('''
    中国/China/北京/Beijing/Chinese/汉语/Chinese; 美国/the United States/华盛顿/Washington/American/英语/English
    英国/the United Kingdom/伦敦/London/British/英语/English; 法国/France/巴黎/Paris/French/法语/French
    德国/Germany/柏林/Berlin/German/德语/German; 日本/Japan/东京/Tokyo/Japanese/日语/Japanese
    韩国/South Korea/首尔/Seoul/Korean/韩语/Korean; 俄罗斯/Russia/莫斯科/Moscow/Russian/俄语/Russian
    意大利/Italy/罗马/Rome/Italian/意大利语/Italian; 西班牙/Spain/马德里/Madrid/Spanish/西班牙语/Spanish
    葡萄牙/Portugal/里斯本/Lisbon/Portuguese/葡萄牙语/Portuguese; 希腊/Greece/雅典/Athens/Greek/希腊语/Greek
    埃及/Egypt/开罗/Cairo/Egyptian/阿拉伯语/Arabic; 泰国/Thailand/曼谷/Bangkok/Thai/泰语/Thai
    越南/Vietnam/河内/Hanoi/Vietnamese/越南语/Vietnamese; 印度/India/新德里/New Delhi/Indian/印地语/Hindi
    加拿大/Canada/渥太华/Ottawa/Canadian/英语/English; 澳大利亚/Australia/堪培拉/Canberra/Australian/英语/English
    巴西/Brazil/巴西利亚/Brasilia/Brazilian/葡萄牙语/Portuguese; 墨西哥/Mexico/墨西哥城/Mexico City/Mexican/西班牙语/Spanish
    奥地利/Austria/维也纳/Vienna/Austrian/德语/German; 波兰/Poland/华沙/Warsaw/Polish/波兰语/Polish
    瑞典/Sweden/斯德哥尔摩/Stockholm/Swedish/瑞典语/Swedish''')]
CITIES = [(c.capital_zh, c.capital_en) for c in COUNTRIES] + table(
    '上海/Shanghai; 广州/Guangzhou; 成都/Chengdu; 纽约/New York; 悉尼/Sydney')
LANGUAGES = list(dict.fromkeys((c.language_zh, c.language_en) for c in COUNTRIES)) + [('中文', 'Chinese')]
FIELDS = table('''机器学习/machine learning; 深度学习/deep learning; 人工智能/artificial intelligence; 神经网络/neural networks
    自然语言处理/natural language processing; 机器翻译/machine translation; 语言模型/language models; 编程/programming
    计算机科学/computer science; 计算机视觉/computer vision; 数学/math; 物理/physics; 化学/chemistry; 生物/biology
    历史/history; 文学/literature; 哲学/philosophy; 经济学/economics; 语言学/linguistics; 艺术/art''')


def plural(phrase):
    """'box' to 'boxes', 'glass of water' to 'glasses of water'."""
    head, space, rest = phrase.partition(' of ')
    if head.endswith('fish'):
        return phrase
    if head.endswith('y') and head[-2] not in 'aeiou':
        return head[:-1] + 'ies' + space + rest
    return head + ('es' if head.endswith(('s', 'ch', 'sh', 'x')) else 's') + space + rest


def nouns(kind, text):
    return [Noun(zh, measure, en, plural(en), en.partition(' of ')[2] or plural(en), kind) for zh, measure, en in table(text)]


READING = nouns('reading', '书/本/book; 小说/本/novel; 词典/本/dictionary; 杂志/本/magazine; 报纸/份/newspaper')
SMALL = nouns('small', '''手机/部/phone; 手表/块/watch; 包/个/bag; 雨伞/把/umbrella; 杯子/个/cup; 盘子/个/plate; 地图/张/map
    照片/张/photo; 票/张/ticket; 笔/支/pen; 铅笔/支/pencil; 相机/台/camera; 钱包/个/wallet; 钥匙/把/key; 礼物/件/gift; 玩具/个/toy''')
LARGE = nouns('large', '电脑/台/computer; 自行车/辆/bicycle; 汽车/辆/car; 桌子/张/table; 椅子/把/chair; 床/张/bed')
CLOTHES = nouns('clothes', '衬衫/件/shirt; 毛衣/件/sweater; 大衣/件/coat; 裙子/条/skirt; 帽子/顶/hat; 鞋/双/pair of shoes')
ANIMALS = nouns('animal', '''猫/只/cat; 狗/只/dog; 鸟/只/bird; 兔子/只/rabbit; 马/匹/horse; 猴子/只/monkey; 熊猫/只/panda
    老虎/只/tiger; 大象/头/elephant''')
FRUIT = nouns('fruit', '苹果/个/apple; 香蕉/根/banana; 橙子/个/orange; 西瓜/个/watermelon; 桃子/个/peach; 葡萄/串/bunch of grapes')
FOOD = nouns('food', '''鸡蛋/个/egg; 米饭/碗/bowl of rice; 面条/碗/bowl of noodles; 饺子/盘/plate of dumplings; 汤/碗/bowl of soup
    面包/片/slice of bread; 蛋糕/块/piece of cake; 巧克力/块/piece of chocolate; 牛肉/块/piece of beef; 鱼/条/fish''')
DRINKS = nouns('drink', '''水/杯/glass of water; 茶/杯/cup of tea; 咖啡/杯/cup of coffee; 牛奶/杯/glass of milk
    果汁/杯/glass of juice; 啤酒/瓶/bottle of beer''')
WARES = READING + SMALL + LARGE + CLOTHES
DISHES = [(c.zh + '菜', c.people + ' food') for c in COUNTRIES]
SPORTS = table('篮球/basketball; 足球/soccer; 网球/tennis; 游泳/swimming; 音乐/music; 科学/science')
COLORS = table('红色/red; 白色/white; 黑色/black; 蓝色/blue; 绿色/green; 黄色/yellow')
SEASONS = table('春天/spring; 夏天/summer; 秋天/autumn; 冬天/winter')


def place(zh, en, measure):
    the = '' if en in ('home', 'school') else 'the '
    inside = en in ('park', 'office', 'classroom', 'kitchen')
    return Place(zh, en, measure, ('in ' if inside else 'at ') + the + en, ('' if en == 'home' else 'to ') + the + en)


PLACES = {row[0]: place(*row) for row in table('''学校/school/所; 家/home/个; 图书馆/library/座; 公园/park/个; 医院/hospital/家
    机场/airport/座; 火车站/train station/个; 商店/store/家; 超市/supermarket/家; 饭馆/restaurant/家; 咖啡馆/coffee shop/家
    书店/bookstore/家; 银行/bank/家; 宾馆/hotel/家; 邮局/post office/家; 电影院/cinema/家; 博物馆/museum/座; 动物园/zoo/个
    工厂/factory/家; 大学/university/所; 办公室/office/间; 教室/classroom/间; 厨房/kitchen/间''')}
ROOMS = [PLACES[zh] for zh in ('办公室', '教室', '厨房')]
BUILDINGS = [p for p in PLACES.values() if p.zh != '家' and p not in ROOMS]
SIDES = table('旁边/next to; 后面/behind; 前面/in front of; 对面/across from')
SPOTS = table('''桌子上/on the table; 椅子上/on the chair; 床上/on the bed; 沙发上/on the sofa; 书架上/on the bookshelf
    地上/on the floor; 包里/in the bag; 盒子里/in the box; 桌子下面/under the table; 床下面/under the bed; 门后面/behind the door''')
RIDES = table('''坐火车/by train; 坐飞机/by plane; 坐地铁/by subway; 坐公共汽车/by bus; 坐出租车/by taxi; 骑自行车/by bicycle
    开车/by car; 走路/on foot''')

ADJECTIVES = {row[0]: Adjective(*row) for row in table('''高/tall/taller; 年轻/young/younger; 聪明/smart/smarter
    忙/busy/busier; 高兴/happy/happier; 累/tired/more tired; 饿/hungry/hungrier; 渴/thirsty/thirstier; 健康/healthy/healthier
    友好/friendly/friendlier; 大/big/bigger; 小/small/smaller; 新/new/newer; 旧/old/older; 贵/expensive/more expensive
    便宜/cheap/cheaper; 漂亮/beautiful/more beautiful; 可爱/cute/cuter; 有意思/interesting/more interesting
    无聊/boring/more boring; 有用/useful/more useful; 重要/important/more important; 难/difficult/more difficult
    容易/easy/easier; 好吃/tasty/tastier; 新鲜/fresh/fresher; 热/hot/hotter; 冷/cold/colder; 暖和/warm/warmer
    凉快/cool/cooler; 干净/clean/cleaner; 安静/quiet/quieter; 有名/famous/more famous''')}
SUITS = {kind: [ADJECTIVES[zh] for zh in words.split()] for kind, words in table('''
    person/高 年轻 聪明 忙 健康 友好; degree/高 聪明 忙 健康 友好; mood/忙 高兴 累 饿 渴; strain/忙 累 饿 渴; animal/大 小 聪明 可爱
    reading/有意思 无聊 有用 贵 便宜 新 旧; small/大 小 新 旧 贵 便宜 漂亮; large/大 小 新 旧 贵 便宜 漂亮; clothes/新 旧 贵 便宜 漂亮
    wrong/贵 大 小 旧; fruit/贵 便宜 新鲜; food/好吃 贵 便宜; drink/贵 便宜; field/有意思 有用 重要 难 容易
    city/大 漂亮 安静 干净 有名; building/大 小 新 旧 漂亮 干净 安静; weather/热 冷 暖和 凉快; harsh/热 冷''')}
NO_DE = '大小新旧'  # 新书, but 有意思的书

ACTIVITIES = [Activity(verb, thing, once, often or once, places.split()) for verb, thing, once, often, places in table('''
    看/书/read a book/read books/图书馆 家 公园 咖啡馆 教室; 看/报纸/read the newspaper//家 咖啡馆 办公室; 看/电视/watch TV//家 宾馆
    看/电影/watch a movie/watch movies/电影院 家; 听/音乐/listen to music//家 公园 咖啡馆; 喝/咖啡/drink coffee//咖啡馆 办公室 家
    喝/茶/drink tea//办公室 家; 吃/早饭/eat breakfast//家 学校 宾馆; 吃/午饭/eat lunch//饭馆 学校 办公室; 吃/晚饭/eat dinner//家 饭馆
    做/作业/do homework//家 图书馆 教室; 做/饭/cook//家 厨房; 打/篮球/play basketball//学校 公园; 打/网球/play tennis//学校 公园
    踢/足球/play soccer//学校 公园; 弹/钢琴/play the piano//家 学校; 弹/吉他/play the guitar//家 公园; 下/棋/play chess//公园 家
    玩/游戏/play games//家; 唱/歌/sing//公园 教室 家; 跳/舞/dance//公园 家; 跑/步/run//公园 学校; 游/泳/swim//学校 宾馆
    散/步/take a walk/take walks/公园; 开/会/have a meeting/have meetings/办公室 大学; 开/车/drive//
    写/信/write a letter/write letters/家 办公室; 打/电话/make a phone call/make phone calls/办公室 家
    拍/照/take photos//公园 博物馆 动物园; 打扫/房间/clean the room//宾馆; 洗/衣服/wash clothes//家; 买/东西/shop//超市 商店
    等/朋友/wait for a friend/wait for friends/机场 火车站 咖啡馆; 包/饺子/make dumplings//家 厨房
    工作//work//银行 医院 工厂 大学 博物馆 邮局; 休息//rest//家 宾馆 公园''')]
MEALTIME = {'早饭': '早上', '午饭': '中午', '晚饭': '晚上'}
SKILLS = [what._replace(places=[]) for what in ACTIVITIES if what.thing in '饭 篮球 网球 足球 钢琴 吉他 棋 舞 泳 车'.split()]
ROUTINE = {part: [Activity(verb, thing, once, once, []) for verb, thing, once in table(rows)] for part, rows in {
    '早上': '起/床/get up; 吃/早饭/eat breakfast; 跑/步/run; 去/学校/go to school; 上/班/go to work; 听/新闻/listen to the news',
    '上午': '开/会/have a meeting; 学习/汉语/study Chinese; 去/图书馆/go to the library; 喝/咖啡/drink coffee',
    '下午': '开/会/have a meeting; 下/班/leave work; 打/篮球/play basketball; 做/作业/do homework; 回/家/go home; 喝/茶/drink tea',
    '晚上': '吃/晚饭/eat dinner; 看/电视/watch TV; 做/作业/do homework; 洗/澡/take a shower; 睡/觉/sleep; 听/音乐/listen to music',
}.items()}

DAYS = table('星期一/Monday; 星期二/Tuesday; 星期三/Wednesday; 星期四/Thursday; 星期五/Friday; 星期六/Saturday; 星期天/Sunday')
PAST = table('昨天/yesterday; 前天/the day before yesterday; 昨天下午/yesterday afternoon; 昨天晚上/last night; 今天早上/this morning'
             ) + [('上个' + zh, 'last ' + en) for zh, en in DAYS]
FUTURE = table('明天/tomorrow; 后天/the day after tomorrow; 明天早上/tomorrow morning; 明天下午/tomorrow afternoon; 今天晚上/tonight'
               ) + [('下个' + zh, 'next ' + en) for zh, en in DAYS]
HABIT = table('每天/every day; 每天早上/every morning; 每天下午/every afternoon; 每天晚上/every evening; 周末/on weekends'
              ) + [('每个' + zh, 'every ' + en) for zh, en in DAYS]
LONG_PAST = table('上个星期/last week; 上个月/last month; 去年/last year')
LONG_FUTURE = table('下个星期/next week; 下个月/next month; 明年/next year')
HOW_OFTEN = table('经常/often; 总是/always; 有时候/sometimes; 很少/rarely; 从来不/never')
HOURS = {'早上': ('morning', (6, 7, 8, 9)), '上午': ('morning', (9, 10, 11)), '下午': ('afternoon', (1, 2, 3, 4, 5)),
         '晚上': ('evening', (6, 7, 8, 9, 10))}
MINUTES = table("点/# o'clock; 点/# o'clock; 点/# o'clock; 点半/half past #; 点一刻/a quarter past #; 点二十分/# twenty")

# What people type first: always in training, with and without the final mark.
GREETINGS = table('''你好/hello; 您好/hello; 大家好/hello everyone; 谢谢/thank you; 谢谢你/thank you; 非常感谢/thank you very much
    再见/goodbye; 明天见/see you tomorrow; 早上好/good morning; 下午好/good afternoon; 晚上好/good evening; 晚安/good night
    对不起/sorry; 没关系/it does not matter; 不客气/you are welcome; 欢迎/welcome; 恭喜/congratulations; 生日快乐/happy birthday
    新年快乐/happy new year; 圣诞快乐/merry Christmas; 祝你好运/good luck; 你好，世界/hello, world; 欢迎来到中国/welcome to China''')
TERMS = table('''世界/world; 首都/capital; 国家/country; 城市/city; 语言/language; 翻译/translation; 神经机器翻译/neural machine translation
    数据/data; 模型/model; 计算机/computer; 互联网/Internet; 爱/love; 家人/family; 时间/time; 今天/today; 天气/weather
    名字/name; 问题/question; 男孩/boy; 女孩/girl; 孩子/child; 水果/fruit; 昨天/yesterday; 明天/tomorrow; 是的/yes; 不是/no; 好的/okay''')
SENTENCES = table('''你叫什么名字？/What is your name?; 你好吗？/How are you?; 我很好。/I am fine.; 我爱你。/I love you.; 你是谁？/Who are you?
    我也爱你。/I also love you.; 我想你。/I miss you.; 很高兴认识你。/Nice to meet you.; 认识你很高兴。/Nice to meet you.
    这是什么？/What is this?; 那是什么？/What is that?; 现在几点？/What time is it now?; 今天星期几？/What day is it today?
    多少钱？/How much is it?; 这个多少钱？/How much is this?; 你在做什么？/What are you doing?; 你要去哪里？/Where are you going?
    我不知道。/I do not know.; 我知道。/I know.; 我不明白。/I do not understand.; 我明白了。/I understand.; 我饿了。/I am hungry.
    我渴了。/I am thirsty.; 我累了。/I am tired.; 我病了。/I am sick.; 我迷路了。/I am lost.; 请坐。/Please sit down.
    请进。/Please come in.; 请等一下。/Please wait a moment.; 请帮帮我。/Please help me.; 请再说一遍。/Please say it again.
    请说慢一点。/Please speak more slowly.; 别担心。/Do not worry.; 洗手间在哪里？/Where is the restroom?; 你来自哪里？/Where do you come from?
    今天天气很好。/The weather is nice today.; 今天天气怎么样？/How is the weather today?; 我是学生。/I am a student.
    我没有时间。/I do not have time.; 你有时间吗？/Do you have time?; 你能帮我吗？/Can you help me?; 我需要帮助。/I need help.
    我喜欢学习。/I like studying.; 我爱我的家人。/I love my family.; 我在学习中文。/I am studying Chinese.; 你多大了？/How old are you?; 我们走吧。/Let us go.
    知识就是力量。/Knowledge is power.; 时间就是金钱。/Time is money.; 熟能生巧。/Practice makes perfect.; 世界很大。/The world is very big.
    什么是机器学习？/What is machine learning?; 什么是人工智能？/What is artificial intelligence?; 什么是深度学习？/What is deep learning?
    什么是神经网络？/What are neural networks?; 什么是自然语言处理？/What is natural language processing?''')

# ---------------------------------------------------------------- forms of words

IRREGULAR = {base: (past, participle) for base, past, participle in table('''
    be/was/been; break/broke/broken; buy/bought/bought; do/did/done; drink/drank/drunk; drive/drove/driven; eat/ate/eaten
    get/got/gotten; give/gave/given; go/went/gone; have/had/had; leave/left/left; lose/lost/lost; make/made/made; put/put/put
    read/read/read; run/ran/run; sell/sold/sold; sing/sang/sung; sleep/slept/slept; swim/swam/swum; take/took/taken
    write/wrote/written''')}
DOUBLED = ('chat', 'get', 'put', 'run', 'shop', 'swim')  # chatting
BE = {'I': 'am', 'you': 'are', 'sg': 'is', 'pl': 'are'}


def inflect(phrase, form):
    """The phrase with its first word, a verb, in the form s, past, participle or ing."""
    verb, space, rest = phrase.partition(' ')
    stem = verb + verb[-1] if verb in DOUBLED else verb[:-1] if verb.endswith('e') else verb
    if form == 's':
        verb = 'has' if verb == 'have' else verb + 'es' if verb.endswith('o') else plural(verb)
    elif form == 'ing':
        verb = stem + 'ing'
    elif verb in IRREGULAR:
        verb = IRREGULAR[verb][form == 'participle']
    else:
        verb = verb[:-1] + 'ied' if verb.endswith('y') and verb[-2] not in 'aeiou' else stem + 'ed'
    return verb + space + rest


def clause(who, tense, predicate, no=False, ask=False, adverb=''):
    """'he reads books', 'he does not read books', 'does he read books'; a modal verb is a tense like the others."""
    one, simple = who.agr == 'sg', tense in ('past', 'habit')
    if simple and not (no or ask):
        helper, form = '', 'past' if tense == 'past' else 's' if one else ''
    elif simple:
        helper, form = 'did' if tense == 'past' else 'does' if one else 'do', ''
    else:
        helper = {'be': BE[who.agr], 'now': BE[who.agr], 'going': BE[who.agr], 'was': 'were' if BE[who.agr] == 'are' else 'was',
                  'perfect': 'has' if one else 'have'}.get(tense, tense)
        form = {'now': 'ing', 'perfect': 'participle'}.get(tense, '')
    if tense == 'going':
        predicate = 'going' + (predicate[2:] if predicate.split()[0] == 'go' else ' to ' + predicate)
    predicate = inflect(predicate, form) if form else predicate
    if helper == 'can' and no:
        helper, no = 'cannot', False
    words = ([helper, who.subj] if ask else [who.subj, helper]) + ['not' if no else '', adverb, predicate]
    return ' '.join(word for word in words if word)


def a(phrase):
    return ('an ' if phrase[0].lower() in 'aeio' or phrase.startswith('um') else 'a ') + phrase


def most(adjective):
    return 'most ' + adjective.en if adjective.more.startswith('more ') else adjective.more[:-1] + 'st'


def english_number(n):
    small = ('zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen '
             'eighteen nineteen').split()
    tens = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split()
    if n < 20:
        return small[n]
    if n < 100:
        return tens[n // 10] + ('-' + small[n % 10] if n % 10 else '')
    return small[n // 100] + ' hundred' + (' and ' + english_number(n % 100) if n % 100 else '')


def chinese_number(n, counting=False):
    """25 is 二十五; before a measure word 2 is 两."""
    digits = '零一二三四五六七八九'
    if n < 10:
        return '两' if n == 2 and counting else digits[n]
    if n < 100:
        return (digits[n // 10] if n >= 20 else '') + '十' + (digits[n % 10] if n % 10 else '')
    low = n % 100
    tail = '' if not low else '零' + digits[low] if low < 10 else ('一' if low < 20 else '') + chinese_number(low)
    return chinese_number(n // 100, True) + '百' + tail


def counted(n, noun, adjective=('', '')):
    """三本新书, three new books; one is 'a'. An adjective, or a color, begins with its Chinese and its English word."""
    zh, en = adjective[:2]
    phrase = (en + ' ' if en else '') + (noun.one if n == 1 else noun.many)
    return (chinese_number(n, True) + noun.measure + zh + ('的' if zh and zh not in NO_DE else '') + noun.zh,
            a(phrase) if n == 1 else english_number(n) + ' ' + phrase)


def capital(sentence):
    return sentence[0].upper() + sentence[1:]


def unmarked(sentence):
    return sentence.rstrip('。？！.?!')


# ---------------------------------------------------------------- what fills a slot
#
# A choice is a dictionary from a form's name to (Chinese, English), and '' is the form that a bare slot takes.


class Dice:
    """Of Python's generator only random() is promised to repeat itself on every version."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def number(self, low, high):
        return low + int(self.random() * (high - low + 1))

    def pick(self, choices):
        return choices[int(self.random() * len(choices))]

    def shuffled(self, items):
        return [item for _, _, item in sorted((self.random(), i, item) for i, item in enumerate(items))]


class Draft:
    """A sentence in the making: the dice, whether it is a question, the slots filled so far."""

    def __init__(self, dice, asked):
        self.pick, self.number, self.asked, self.filled = dice.pick, dice.number, asked, {}

    def before(self, form):
        """That form of the choice made before, by the kind of it: 'person', 'noun'."""
        return next(forms[form] for forms in self.filled.values() if form in forms)


def person_forms(who, s):
    return {'': (who.zh, who.subj), 'obj': (who.zh, who.obj), 'poss': (who.zh, who.poss),
            'mine': (who.zh, MINE.get(who.subj)), 'person': who}


def noun_forms(noun, s):
    """The thing in every number and company; 'own' is what follows 'my': book, soup, noodles."""
    mass, measured, few = noun.bare != noun.many, noun.measure + noun.zh, (1, 1, 2, 3, 4)
    n = s.pick(few + few + tuple(range(5, 21)) if noun.kind in ('reading', 'small', 'fruit') else few)
    own = noun.bare if mass else noun.one
    english = {'': 'the ' + own, 'own': own, 'bare': noun.bare, 'any': 'any ' + own if mass else a(own)}
    verbs = {'is': 'is', 'this_is': 'this is', 'that_is': 'that is', 'is_this': 'is this'}
    if own.endswith('s'):
        verbs = {'is': 'are', 'this_is': 'these are', 'that_is': 'those are', 'is_this': 'are these'}
    verbs.update(are='are' if noun.bare.endswith('s') else 'is', there_are='there is' if n == 1 else 'there are')
    return {**{form: (noun.zh, en) for form, en in english.items()}, **{form: ('', en) for form, en in verbs.items()},
            'this': ('这' + measured, 'this ' + noun.one), 'that': ('那' + measured, 'that ' + noun.one),
            'several': (measured, noun.many), 'a': counted(1, noun), 'some': counted(n, noun), 'red': counted(1, noun, s.pick(COLORS)),
            'new': counted(1, noun, s.pick(SUITS[noun.kind])), 'noun': noun}


def adjective_forms(word, s):
    return {'': word[:2], 'more': (word.zh, word.more), 'most': (word.zh, most(word))}


def place_forms(p, s):
    return {'': (p.zh, p.en), 'at': (p.zh, p.at), 'to': (p.zh, p.to), 'this': ('这' + p.measure + p.zh, 'this ' + p.en),
            'a': ('一' + p.measure + p.zh, a(p.en))}


def country_forms(c, s):
    return {'': (c.zh, c.en), 'capital': (c.capital_zh, c.capital_en), 'language': (c.language_zh, c.language_en),
            'food': (c.zh + '菜', c.people + ' food'), 'people': (c.zh + '人', c.people)}


def activity_forms(what, s):
    """A place, where there is one, is often left out."""
    where = PLACES[s.pick(what.places)] if what.places and s.number(1, 3) == 1 else None
    zh, at = ('在' + where.zh if where else '') + what.verb + what.thing, ' ' + where.at if where else ''
    return {'': (zh, what.once + at), 'often': (zh, what.often + at), 'ing': (zh, inflect(what.once, 'ing') + at),
            'doing': (zh, inflect(what.often, 'ing') + at)}


FORMS = {Person: person_forms, Noun: noun_forms, Adjective: adjective_forms, Place: place_forms, Country: country_forms,
         Activity: activity_forms}


def of(owner, row):
    """我妈妈, but 我的朋友."""
    return named(owner.zh + ('的' if row in CIRCLE else '') + row[0], owner.poss + ' ' + row[1])


def owner(s):
    """Nobody asks about himself."""
    return s.pick([YOU, HE, SHE] if s.asked else [I, I, HE, SHE])


def somebody(s):
    """A pronoun as often as not; else a relative, a friend, a name, that boy, the teachers."""
    kind = s.number(1, 10)
    if kind <= 5:
        return s.pick([YOU, YOU, HE, SHE, YOU_ALL, THEY] if s.asked else
                      [I, I, I, HE, HE, HE, SHE, SHE, SHE, WE, WE, THEY, THEY_F, YOU])
    if kind <= 8:
        return of(owner(s), s.pick(KIN if kind <= 7 else CIRCLE))
    if kind == 9:
        return s.pick(NAMES)
    zh, en = s.pick(YOUNG + JOBS[1:4])
    return s.pick([named('那个' + zh, 'that ' + en), named(zh + '们', 'the ' + plural(en), 'pl')])


def job(s):
    zh, en = s.pick(JOBS if s.before('person') in PRONOUNS else JOBS[1:])
    return zh, plural(en) if s.before('person').many else a(en)


def age(s):
    zh = s.before('person').zh
    n = s.number(60, 90) if re.search('爷爷|奶奶', zh) else s.number(3, 20) if re.search('[儿女]|弟弟|妹妹|小', zh) else s.number(15, 60)
    return chinese_number(n), english_number(n)


def price(s):
    noun = s.before('noun')
    if noun.kind in ('fruit', 'food'):
        n = s.number(2, 40)
    elif noun in LARGE or noun.zh in ('手机', '相机', '手表'):
        n = 50 * s.number(4, 19)
    else:
        n = s.pick((s.number(5, 99), 10 * s.number(10, 30)))
    return chinese_number(n, True), english_number(n)


def count(low, high, step=1):
    def choose(s):
        n = step * s.number(low, high)
        return chinese_number(n, True), english_number(n)
    return choose


def thing(s, kinds):
    """The second of two is of the first one's kind: basketball and soccer, not basketball and soup."""
    kind = next((forms['kind'] for forms in s.filled.values() if 'kind' in forms), None) or s.pick(kinds)
    return {'': s.pick(kind), 'kind': kind}


def study(s, subjects):
    zh, en = s.pick(subjects)
    many = en.endswith(('networks', 'models'))
    return {'': (zh, en), 'is': ('', 'are' if many else 'is'), 'it': ('', 'them' if many else 'it')}


def saying(s):
    zh, en = s.pick(SENTENCES)
    return zh, en if en.startswith('I ') else en[0].lower() + en[1:]


def siblings(s):
    n, (zh, en) = s.pick((1, 1, 2, 3)), s.pick(KIN[6:])
    return {'': (zh, plural(en)), 'some': counted(n, Noun(zh, '个', en, plural(en), '', ''))}


def rain(s):
    zh, en = s.pick((('雨', 'rain'), ('雪', 'snow')))
    return {'': (zh, en), 's': (zh, en + 's'), 'past': (zh, en + 'ed')}


def activity(s):
    """Something to do, fit for the time of day."""
    time = ''.join(forms[''][0] for slot, forms in s.filled.items() if slot in ('PAST', 'FUTURE', 'HABIT'))
    part = re.search('早上|下午|晚上|每个|$', time)[0]
    return s.pick([what for what in ACTIVITIES if not part or MEALTIME.get(what.thing, part) == part])


def hour(s, part):
    n, (zh, en) = s.pick(HOURS[part][1]), s.pick(MINUTES)
    return part + chinese_number(n, True) + zh, en.replace('#', english_number(n)) + ' in the ' + HOURS[part][0]


def clock(s):
    part = s.pick(list(HOURS))
    (zh, en), day = hour(s, part), HOURS[part][0]
    at = 'at ' + en.partition(' in the ')[0]
    return {'': (zh, 'at ' + en), 'it': (zh, en), 'every': ('每天' + zh, f'{at} every {day}'),
            'tomorrow': ('明天' + zh, f'{at} tomorrow {day}'),
            'yesterday': ('昨天' + zh, at + (' last night' if part == '晚上' else ' yesterday ' + day)), 'part': part}


def routine(s):
    return s.pick(ROUTINE[s.before('part') if 'CLOCK' in s.filled else s.pick(list(ROUTINE))])


THINGS = [[(c.zh, c.en) for c in COUNTRIES], CITIES, LANGUAGES, FIELDS, SPORTS, COLORS, SEASONS, DISHES] + [
    [(noun.zh, noun.bare) for noun in kind] for kind in (FRUIT, FOOD, DRINKS, ANIMALS, READING)]
SLOTS = {
    # people
    'WHO': somebody, 'OTHER': somebody, 'PRON': lambda s: s.pick([YOU, HE, SHE, THEY] if s.asked else [I, HE, SHE, WE, THEY]),
    'WE': [WE, WE, THEY, THEY_F, YOU_ALL], 'ANYONE': [WHO], 'NAME': NAMES, 'FIRST': NAMES[:6], 'BOY': NAMES[:6:2],
    'GIRL': NAMES[1:6:2], 'MAN': lambda s: of(owner(s), s.pick(KIN[::2])), 'WOMAN': lambda s: of(owner(s), s.pick(KIN[1::2])),
    'RELATIVE': lambda s: of(owner(s), s.pick(KIN + CIRCLE)), 'FRIEND': lambda s: of(owner(s), s.pick(CIRCLE[:-1])),
    'ONE': lambda s: s.pick([owner(s), of(owner(s), s.pick(KIN)), s.pick(NAMES)]),
    'WORKER': lambda s: s.pick([owner(s), of(owner(s), s.pick(KIN[:2] + KIN[4:])), s.pick(NAMES[:8])]),
    'PUPIL': lambda s: s.pick([owner(s), of(owner(s), s.pick(KIN[8:])), s.pick(NAMES[:6])]),
    'OWNER': lambda s: s.pick([I, HE, SHE, WE, of(owner(s), s.pick(KIN)), of(owner(s), s.pick(CIRCLE)), s.pick(NAMES)]),
    'JOB': job, 'SORT': YOUNG + JOBS[2:4], 'KIN': siblings, 'AGE': age, 'SAYING': saying,
    'GREETING': [row for row in GREETINGS if len(row[0]) < 5 and row[0][0] not in '大您非没不恭'],
    # things
    'WARE': WARES, 'SMALL': SMALL + READING, 'LARGE': LARGE, 'BOOK': READING[:2], 'ANIMAL': ANIMALS, 'PET': ANIMALS[:2],
    'FRUIT': FRUIT, 'FOOD': FRUIT + FOOD, 'DISH': FOOD[3:7], 'DRINK': DRINKS, 'FOREIGN': DISHES, 'PRICE': price, 'COLOR': COLORS,
    'STUDY': lambda s: study(s, LANGUAGES + FIELDS), 'FIELD': lambda s: study(s, FIELDS), 'LANGUAGE': LANGUAGES,
    'THING': lambda s: thing(s, THINGS), 'TASTE': lambda s: thing(s, THINGS[3:]),  # nobody here dislikes a country
    'LOST': table('钱包/wallet; 钥匙/key; 手机/phone; 雨伞/umbrella; 手表/watch; 帽子/hat; 票/ticket; 相机/camera'),
    'BROKEN': table('杯子/cup; 盘子/plate'), 'DOOR': table('门/door; 窗户/window; 冰箱/fridge; 盒子/box'),
    'FAVORITE': table('颜色/color; 城市/city; 季节/season; 国家/country; 运动/sport; 水果/fruit'),
    # how things are
    'ADJ': lambda s: s.pick(SUITS[s.before('noun').kind]), 'TRAIT': SUITS['person'], 'DEGREE': SUITS['degree'],
    'MOOD': SUITS['mood'], 'STRAIN': SUITS['strain'], 'WRONG': SUITS['wrong'], 'FRUIT_ADJ': SUITS['fruit'],
    'STUDY_ADJ': SUITS['field'], 'CITY_ADJ': SUITS['city'], 'BUILDING_ADJ': SUITS['building'], 'WEATHER': SUITS['weather'],
    'HARSH': SUITS['harsh'],
    'VERY': table('很/very; 非常/very; 真/really; 不/not'),
    # places
    'COUNTRY': COUNTRIES, 'CITY': CITIES, 'REGION': THINGS[0] + CITIES, 'PLACE': BUILDINGS, 'BUILDING': BUILDINGS, 'SIDE': SIDES,
    'NORTH': table('北京/Beijing; 东京/Tokyo; 莫斯科/Moscow; 柏林/Berlin; 首尔/Seoul; 华沙/Warsaw; 纽约/New York; 维也纳/Vienna'),
    'WHERE': [(p.zh, p.at) for p in PLACES.values()], 'SPOT': SPOTS, 'PET_SPOT': SPOTS[1:4], 'RIDE': RIDES[2:],
    'FAR': table('坐火车/by train; 坐飞机/by plane; 开车/by car'),
    # doing, and when
    'ACT': activity, 'DO': lambda s: activity(s)._replace(places=[]), 'SKILL': SKILLS, 'ROUTINE': routine, 'CLOCK': clock,
    'START': lambda s: hour(s, '早上'), 'END': lambda s: hour(s, '下午'), 'PAST': PAST, 'FUTURE': FUTURE, 'HABIT': HABIT, 'RAIN': rain,
    'LONG_PAST': LONG_PAST, 'LONG_FUTURE': LONG_FUTURE, 'OFTEN': HOW_OFTEN, 'DAY': DAYS, 'SEASON': SEASONS,
    'FEW': count(2, 9), 'SOME': count(2, 30), 'MANY': count(2, 39, 10),
}

# ---------------------------------------------------------------- rules
#
# A rule has two sides. A word in capitals is a slot, filled once for both; WARE.this is its form 'this'. Braces hold a verb:
# {WHO past not ACT} 'he did not read a book', {past WHO ACT} 'did he read a book'. Each construction has its share of sentences.

RULES = {name: (share, table(rules)) for name, share, rules in (
    ('greeting', 400, '''
        GREETING，NAME！/GREETING, NAME!; NAME，SAYING/NAME, SAYING; NAME，SAYING/NAME, SAYING'''),
    ('liking', 550, '''
        WHO喜欢THING。/{WHO habit like} THING.; WHO很喜欢THING。/{WHO habit like} THING very much.; WHO爱THING。/{WHO habit love} THING.
        WHO也喜欢THING。/{WHO habit also like} THING.; WE都喜欢THING。/{WE habit all like} THING.
        WHO喜欢THING和THING2。/{WHO habit like} THING and THING2.; WHO不喜欢TASTE。/{WHO habit not like} TASTE.
        PRON喜欢TASTE，但是不喜欢TASTE2。/{PRON habit like} TASTE, but {PRON habit not like} TASTE2.
        WHO喜欢THING吗？/{habit WHO like} THING?; WHO喜不喜欢THING？/{habit WHO like} THING?
        WHO为什么喜欢THING？/Why {habit WHO like} THING?; ANYONE喜欢THING？/{ANYONE habit like} THING?'''),
    ('liking to do', 300, '''
        WHO喜欢ACT。/{WHO habit like} ACT.doing.; WHO不喜欢ACT。/{WHO habit not like} ACT.doing.; WHO喜欢ACT吗？/{habit WHO like} ACT.doing?'''),
    ('being', 500, '''
        WORKER是JOB。/{WORKER be} JOB.; WORKER不是JOB。/{WORKER be not} JOB.; WORKER也是JOB。/{WORKER be also} JOB.
        WORKER是JOB吗？/{be WORKER} JOB?; WORKER是不是JOB？/{be WORKER} JOB?; WORKER想当JOB。/{WORKER habit want} to be JOB.
        WE都是JOB。/{WE be all} JOB.; WE是JOB。/{WE be} JOB.; WHO是COUNTRY.people。/{WHO be} COUNTRY.people.
        WHO不是COUNTRY.people。/{WHO be not} COUNTRY.people.; WHO是COUNTRY.people吗？/{be WHO} COUNTRY.people?
        NAME是FRIEND。/NAME is FRIEND.; 他是MAN。/He is MAN.; 她是WOMAN。/She is WOMAN.; 这是RELATIVE。/This is RELATIVE.
        那是RELATIVE吗？/Is that RELATIVE?; WHO是谁？/Who {be WHO}?'''),
    ('name, home, age', 450, '''
        我叫FIRST。/My name is FIRST.; MAN叫BOY。/MAN.poss name is BOY.; WOMAN叫GIRL。/WOMAN.poss name is GIRL.
        RELATIVE叫什么名字？/What is RELATIVE.poss name?; WHO来自REGION。/{WHO habit come} from REGION.
        WHO来自REGION吗？/{habit WHO come} from REGION?; WHO住在REGION。/{WHO habit live} in REGION.
        WHO住在REGION吗？/{habit WHO live} in REGION?; ONE今年AGE岁。/{ONE be} AGE years old.; ONE AGE岁。/{ONE be} AGE years old.
        ONE今年AGE岁吗？/{be ONE} AGE years old?; ONE今年多大？/How old {be ONE}?; WHO住在哪里？/Where {habit WHO live}?'''),
    ('language and study', 650, '''
        WHO会说LANGUAGE。/{WHO can speak} LANGUAGE.; WHO不会说LANGUAGE。/{WHO can not speak} LANGUAGE.
        WHO会说LANGUAGE吗？/{can WHO speak} LANGUAGE?; WHO会说一点儿LANGUAGE。/{WHO can speak} a little LANGUAGE.
        WHO会说LANGUAGE和LANGUAGE2。/{WHO can speak} LANGUAGE and LANGUAGE2.; WHO教OTHER STUDY。/{WHO habit teach} OTHER.obj STUDY.
        WHO在大学学习STUDY。/{WHO habit study} STUDY at the university.; WHO想学习STUDY。/{WHO habit want} to study STUDY.
        WHO正在学习STUDY。/{WHO now study} STUDY.; WHO为什么学习STUDY？/Why {habit WHO study} STUDY?
        WHO的LANGUAGE很好。/WHO.poss LANGUAGE is good.; STUDY很STUDY_ADJ。/STUDY STUDY.is very STUDY_ADJ.
        STUDY不STUDY_ADJ。/STUDY STUDY.is not STUDY_ADJ.; STUDY STUDY_ADJ吗？/STUDY.is STUDY STUDY_ADJ?
        WHO学了FEW年STUDY。/{WHO past study} STUDY for FEW years.; 用LANGUAGE怎么说？/How do you say it in LANGUAGE?'''),
    ('capital', 400, '''
        WHO想去COUNTRY的首都。/{WHO habit want} to go to the capital of COUNTRY.
        WHO喜欢COUNTRY的首都。/{WHO habit like} the capital of COUNTRY.; COUNTRY的首都很CITY_ADJ。/The capital of COUNTRY is very CITY_ADJ.
        WHO住在COUNTRY的首都。/{WHO habit live} in the capital of COUNTRY.
        COUNTRY.capital不是COUNTRY2的首都。/COUNTRY.capital is not the capital of COUNTRY2.
        COUNTRY.capital是COUNTRY的首都，不是COUNTRY2的首都。/COUNTRY.capital is the capital of COUNTRY, not the capital of COUNTRY2.
        COUNTRY的首都CITY_ADJ吗？/Is the capital of COUNTRY CITY_ADJ?; WHO去过COUNTRY的首都。/{WHO perfect be} to the capital of COUNTRY.'''),
    ('yesterday', 1500, '''
        WHO PAST ACT了。/{WHO past ACT} PAST.; WHO PAST ACT了。/{WHO past ACT} PAST.; WHO PAST没ACT。/{WHO past not ACT} PAST.
        WHO PAST ACT了吗？/{past WHO ACT} PAST?; WHO PAST去了PLACE.to。/{WHO past go} PLACE.to PAST.
        WHO PAST没去PLACE.to。/{WHO past not go} PLACE.to PAST.; WHO PAST去PLACE.to了吗？/{past WHO go} PLACE.to PAST?
        ANYONE PAST ACT了？/{ANYONE past ACT} PAST?; WHO PAST为什么没ACT？/Why {past WHO not ACT} PAST?
        WHO LONG_PAST去了REGION。/{WHO past go} to REGION LONG_PAST.; WHO LONG_PAST去了REGION吗？/{past WHO go} to REGION LONG_PAST?
        WHO PAST做了什么？/What {past WHO do} PAST?'''),
    ('tomorrow', 1200, '''
        WHO FUTURE会ACT。/{WHO will ACT} FUTURE.; WHO FUTURE不会ACT。/{WHO will not ACT} FUTURE.; WHO FUTURE会ACT吗？/{will WHO ACT} FUTURE?
        WHO FUTURE要ACT。/{WHO going ACT} FUTURE.; WHO FUTURE要去PLACE.to。/{WHO going go} PLACE.to FUTURE.
        WHO FUTURE要去PLACE.to吗？/{going WHO go} PLACE.to FUTURE?; WHO LONG_FUTURE会去REGION。/{WHO will go} to REGION LONG_FUTURE.
        WHO LONG_FUTURE会去REGION吗？/{will WHO go} to REGION LONG_FUTURE?; WHO FUTURE想ACT。/{WHO habit want} to ACT FUTURE.
        ANYONE FUTURE会ACT？/{ANYONE will ACT} FUTURE?; WHO FUTURE会做什么？/What {will WHO do} FUTURE?'''),
    ('every day', 1200, '''
        WHO HABIT都ACT。/{WHO habit ACT.often} HABIT.; WHO HABIT都ACT。/{WHO habit ACT.often} HABIT.
        WHO HABIT都ACT吗？/{habit WHO ACT.often} HABIT?; WHO OFTEN ACT。/{WHO habit OFTEN ACT.often}.
        WHO OFTEN ACT。/{WHO habit OFTEN ACT.often}.; WHO经常ACT吗？/{habit WHO often ACT.often}?
        WHO HABIT都去PLACE.to。/{WHO habit go} PLACE.to HABIT.; WHO不常去PLACE.to。/{WHO habit not often go} PLACE.to.'''),
    ('now', 600, '''
        WHO正在ACT。/{WHO now ACT}.; WHO正在ACT吗？/{now WHO ACT}?; WHO现在正在ACT。/{WHO now ACT} now.; WHO在DO。/{WHO now DO}.
        WHO在DO吗？/{now WHO DO}?; WHO没在DO。/{WHO now not DO}.; ANYONE在DO？/{ANYONE now DO}?; WHO还在DO。/{WHO now still DO}.
        WHO正在睡觉。/{WHO now sleep}.; WHO在做什么？/What {now WHO do}?'''),
    ('clock', 900, '''
        WHO CLOCK ROUTINE。/{WHO habit ROUTINE} CLOCK.; WHO CLOCK.every ROUTINE。/{WHO habit ROUTINE} CLOCK.every.
        WHO CLOCK.tomorrow要ROUTINE。/{WHO going ROUTINE} CLOCK.tomorrow.
        WHO CLOCK.yesterday ROUTINE了。/{WHO past ROUTINE} CLOCK.yesterday.
        WHO CLOCK.yesterday没ROUTINE。/{WHO past not ROUTINE} CLOCK.yesterday.
        WHO每天几点ROUTINE？/What time {habit WHO ROUTINE} every day?; WHO从START到END工作。/{WHO habit work} from START to END.
        现在是CLOCK。/It is CLOCK.it now.'''),
    ('can and must', 500, '''
        WHO想ACT。/{WHO habit want} to ACT.; WHO不想ACT。/{WHO habit not want} to ACT.; WHO想ACT吗？/{habit WHO want} to ACT?
        WHO会SKILL。/{WHO can SKILL}.; WHO不会SKILL。/{WHO can not SKILL}.; WHO会SKILL吗？/{can WHO SKILL}?; WHO应该ACT。/{WHO should ACT}.
        WHO不应该ACT。/{WHO should not ACT}.; WHO必须ACT。/{WHO must ACT}.; WHO可以ACT吗？/{can WHO ACT}?; WHO可以ACT。/{WHO can ACT}.'''),
    ('when, where, how', 350, '''
        WHO什么时候ACT？/When {habit WHO ACT.often}?; WHO PAST在哪里DO？/Where {past WHO DO} PAST?; WHO在哪里工作？/Where {habit WHO work}?
        WHO什么时候去REGION？/When {will WHO go} to REGION?; WHO想去哪里？/Where {habit WHO want} to go?
        WHO怎么去PLACE.to？/How {habit WHO go} PLACE.to?; WHO想吃什么？/What {habit WHO want} to eat?
        WHO想喝什么？/What {habit WHO want} to drink?; WHO PAST买了什么？/What {past WHO buy} PAST?
        WHO喜欢什么颜色？/What color {habit WHO like}?; WHO喜欢谁？/Who {habit WHO like}?; WHO FUTURE要去哪里？/Where {going WHO go} FUTURE?'''),
    ('buying, eating, drinking', 1300, '''
        WHO PAST买了WARE.some。/{WHO past buy} WARE.some PAST.; WHO PAST没买WARE。/{WHO past not buy} WARE.any PAST.
        WHO想买WARE.some。/{WHO habit want} to buy WARE.some.; WHO FUTURE会买WARE.new。/{WHO will buy} WARE.new FUTURE.
        WHO PAST吃了FOOD.some。/{WHO past eat} FOOD.some PAST.; WHO想吃FOOD。/{WHO habit want} to eat FOOD.bare.
        WHO每天都喝DRINK.some。/{WHO habit drink} DRINK.some every day.; WHO PAST喝了DRINK.some。/{WHO past drink} DRINK.some PAST.
        WHO不喝DRINK。/{WHO habit not drink} DRINK.bare.; WHO不吃FOOD。/{WHO habit not eat} FOOD.bare.
        WHO喝DRINK吗？/{habit WHO drink} DRINK.bare?; 我要DRINK.some。/I want DRINK.some.; WHO买了WARE.some吗？/{past WHO buy} WARE.some?
        WHO PAST买了WARE.red。/{WHO past buy} WARE.red PAST.; WHO把DRINK喝了。/{WHO past drink} DRINK.'''),
    ('having', 700, '''
        WHO有WARE.some。/{WHO habit have} WARE.some.; WHO没有WARE。/{WHO habit not have} WARE.any.; WHO有WARE吗？/{habit WHO have} WARE.any?
        WHO有没有WARE？/{habit WHO have} WARE.any?; WHO有WARE.new。/{WHO habit have} WARE.new.; WHO有WARE.red。/{WHO habit have} WARE.red.
        WHO有KIN.some。/{WHO habit have} KIN.some.; WHO有PET.some。/{WHO habit have} PET.some.
        WHO有几WARE.several？/How many WARE.several {habit WHO have}?; WHO有几个KIN？/How many KIN {habit WHO have}?
        这个学校有MANY个学生。/This school has MANY students.; 我们公司有MANY个人。/There are MANY people in our company.'''),
    ('whose', 600, '''
        这是OWNER的WARE.own。/WARE.this_is OWNER.poss WARE.own.; 那不是OWNER的WARE.own。/WARE.that_is not OWNER.poss WARE.own.
        这是OWNER的WARE.own吗？/WARE.is_this OWNER.poss WARE.own?; WARE.this是PRON的。/WARE.this is PRON.mine.
        OWNER的WARE.own很ADJ。/OWNER.poss WARE.own WARE.is very ADJ.; 这是谁的WARE.own？/Whose WARE.own WARE.is_this?
        WHO在找OWNER的SMALL.own。/{WHO now look} for OWNER.poss SMALL.own.; WHO喜欢OWNER的WARE.own。/{WHO habit like} OWNER.poss WARE.own.'''),
    ('price', 400, '''
        WARE.this PRICE块钱。/WARE.this costs PRICE yuan.; WARE.that PRICE块钱。/WARE.that costs PRICE yuan.
        WARE.this多少钱？/How much is WARE.this?; WARE.that多少钱？/How much is WARE.that?; FOOD.a PRICE块钱。/FOOD.a costs PRICE yuan.'''),
    ('where it is', 700, '''
        OWNER的SMALL.own在SPOT。/OWNER.poss SMALL.own SMALL.is SPOT.; OWNER的SMALL.own在SPOT。/OWNER.poss SMALL.own SMALL.is SPOT.
        SMALL在SPOT。/SMALL SMALL.is SPOT.; OWNER的SMALL.own不在SPOT。/OWNER.poss SMALL.own SMALL.is not SPOT.
        OWNER的SMALL.own在SPOT吗？/SMALL.is OWNER.poss SMALL.own SPOT?; OWNER的SMALL.own在哪里？/Where SMALL.is OWNER.poss SMALL.own?
        OWNER的SMALL.own在哪儿？/Where SMALL.is OWNER.poss SMALL.own?; BUILDING在BUILDING2 SIDE。/The BUILDING is SIDE the BUILDING2.
        BUILDING在哪里？/Where is the BUILDING?; BUILDING在哪儿？/Where is the BUILDING?; WHO在WHERE。/{WHO be} WHERE.
        WHO不在WHERE。/{WHO be not} WHERE.; WHO在WHERE吗？/{be WHO} WHERE?; WHO在哪里？/Where {be WHO}?; CITY在哪里？/Where is CITY?
        CITY在哪儿？/Where is CITY?'''),
    ('there is', 700, '''
        SPOT有SMALL.some。/SMALL.there_are SMALL.some SPOT.; SPOT有SMALL.red。/There is SMALL.red SPOT.
        SPOT没有SMALL。/There are no SMALL.bare SPOT.; SPOT有SMALL吗？/Are there any SMALL.bare SPOT?; SPOT有什么？/What is SPOT?
        桌子上有FRUIT.some。/FRUIT.there_are FRUIT.some on the table.; SPOT有几SMALL.several？/How many SMALL.several are there SPOT?
        冰箱里有FOOD。/There FOOD.are FOOD.bare in the fridge.; 冰箱里没有DRINK。/There is no DRINK.bare in the fridge.
        冰箱里有DRINK吗？/Is there any DRINK.bare in the fridge?; BUILDING SIDE有BUILDING2.a。/There is BUILDING2.a SIDE the BUILDING.
        教室里有SOME个学生。/There are SOME students in the classroom.; PLACE里有SOME个人。/There are SOME people PLACE.at.
        PLACE里有很多人。/There are many people PLACE.at.; PET_SPOT有PET.some。/PET.there_are PET.some PET_SPOT.'''),
    ('how it is', 800, '''
        WHO VERY MOOD。/{WHO be} VERY MOOD.; WHO太STRAIN了。/{WHO be} too STRAIN.; WHO MOOD吗？/{be WHO} MOOD?
        WHO TRAIT吗？/{be WHO} TRAIT?; WHO VERY TRAIT。/{WHO be} VERY TRAIT.; WARE.this VERY ADJ。/WARE.this is VERY ADJ.
        WARE.that VERY ADJ。/WARE.that is VERY ADJ.; WARE.this太WRONG了。/WARE.this is too WRONG.
        BUILDING.this VERY BUILDING_ADJ。/BUILDING.this is VERY BUILDING_ADJ.; CITY VERY CITY_ADJ。/CITY is VERY CITY_ADJ.
        FOOD.this VERY ADJ。/FOOD.this is VERY ADJ.; WARE.this ADJ吗？/Is WARE.this ADJ?; ANIMAL.that VERY ADJ。/ANIMAL.that is VERY ADJ.'''),
    ('more', 1200, '''
        WHO比OTHER DEGREE。/{WHO be} DEGREE.more than OTHER.obj.; WHO比OTHER DEGREE一点儿。/{WHO be} a little DEGREE.more than OTHER.obj.
        WHO比OTHER DEGREE得多。/{WHO be} much DEGREE.more than OTHER.obj.; WHO没有OTHER DEGREE。/{WHO be not} as DEGREE as OTHER.obj.
        WHO和OTHER一样DEGREE。/{WHO be} as DEGREE as OTHER.obj.; WHO比OTHER DEGREE吗？/{be WHO} DEGREE.more than OTHER.obj?
        NAME比NAME2年轻。/NAME is younger than NAME2.; WARE.this比WARE.that ADJ。/WARE.this is ADJ.more than WARE.that.
        PRON的WARE.own比PRON2的ADJ。/PRON.poss WARE.own WARE.is ADJ.more than PRON2.mine.
        FRUIT比FRUIT2 FRUIT_ADJ。/FRUIT.bare are FRUIT_ADJ.more than FRUIT2.bare.; CITY比CITY2 CITY_ADJ。/CITY is CITY_ADJ.more than CITY2.
        CITY没有CITY2 CITY_ADJ。/CITY is not as CITY_ADJ as CITY2.; FIELD比FIELD2 STUDY_ADJ。/FIELD FIELD.is STUDY_ADJ.more than FIELD2.
        LANGUAGE比LANGUAGE2 STUDY_ADJ。/LANGUAGE is STUDY_ADJ.more than LANGUAGE2.
        CITY的SEASON比CITY2的SEASON WEATHER。/SEASON in CITY is WEATHER.more than SEASON in CITY2.'''),
    ('most', 300, '''
        PUPIL是我们班最TRAIT的学生。/{PUPIL be} the TRAIT.most student in our class.
        这是CITY最BUILDING_ADJ的BUILDING。/This is the BUILDING_ADJ.most BUILDING in CITY.
        WHO最喜欢的颜色是COLOR。/WHO.poss favorite color is COLOR.; WHO最喜欢的城市是CITY。/WHO.poss favorite city is CITY.
        WHO最喜欢的季节是SEASON。/WHO.poss favorite season is SEASON.; WHO最喜欢的FAVORITE是什么？/What is WHO.poss favorite FAVORITE?'''),
    ('the one that', 1800, '''
        WHO PAST买的WARE很ADJ。/The WARE.own WHO bought PAST WARE.is very ADJ.
        WHO PAST买的WARE不ADJ。/The WARE.own WHO bought PAST WARE.is not ADJ.; WHO买的WARE在SPOT。/The WARE.own WHO bought WARE.is SPOT.
        WHO写的BOOK很ADJ。/The BOOK.own WHO wrote is very ADJ.; WHO喜欢OTHER写的BOOK。/{WHO habit like} the BOOK.own OTHER wrote.
        这是WHO PAST买的WARE。/WARE.this_is the WARE.own WHO bought PAST.
        WHO PAST看的电影很有意思。/The movie WHO watched PAST is very interesting.
        WHO PAST做的DISH很好吃。/The DISH.own WHO made PAST DISH.is very tasty.; WHO拍的照片很漂亮。/The photos WHO took are very beautiful.
        会说LANGUAGE的SORT是FRIEND。/The SORT who can speak LANGUAGE is FRIEND.; 正在ACT的SORT是FRIEND。/The SORT who is ACT.ing is FRIEND.
        正在ACT的男孩叫BOY。/The boy who is ACT.ing is called BOY.; 正在ACT的女孩叫GIRL。/The girl who is ACT.ing is called GIRL.
        穿COLOR毛衣的SORT是FRIEND。/The SORT in the COLOR sweater is FRIEND.
        WHO认识教OTHER STUDY的老师。/{WHO habit know} the teacher who teaches OTHER.obj STUDY.
        喜欢STUDY的SORT是FRIEND。/The SORT who likes STUDY is FRIEND.'''),
    ('because, although', 1700, '''
        因为PAST下RAIN，所以WHO没去PLACE.to。/Because it RAIN.past PAST, {WHO past not go} PLACE.to.
        WHO没去PLACE.to，因为PAST下RAIN了。/{WHO past not go} PLACE.to because it RAIN.past PAST.
        因为PRON病了，所以PRON PAST没去PLACE.to。/Because {PRON was} sick, {PRON past not go} PLACE.to PAST.
        因为PRON很STRAIN，所以PRON不想ACT。/Because {PRON be} very STRAIN, {PRON habit not want} to ACT.
        因为PRON想去COUNTRY，所以PRON正在学习COUNTRY.language。/Because {PRON habit want} to go to COUNTRY, {PRON now study} COUNTRY.language.
        因为WARE.this太贵了，所以WHO没买。/Because WARE.this was too expensive, {WHO past not buy} it.
        因为PRON喜欢COUNTRY.food，所以PRON想去COUNTRY。/Because {PRON habit like} COUNTRY.food, {PRON habit want} to go to COUNTRY.
        虽然PRON很STRAIN，但是PRON还在DO。/Although {PRON be} very STRAIN, {PRON now still DO}.
        虽然STUDY很难，但是WHO很喜欢。/Although STUDY STUDY.is very difficult, {WHO habit like} STUDY.it very much.
        虽然WARE.this很贵，但是WHO想买。/Although WARE.this is very expensive, {WHO habit want} to buy it.
        虽然今天很HARSH，但是WHO要去PLACE.to。/Although it is very HARSH today, {WHO going go} PLACE.to.'''),
    ('if', 1300, '''
        如果FUTURE下RAIN，WHO就不去PLACE.to。/If it RAIN.s FUTURE, {WHO will not go} PLACE.to.
        如果FUTURE天气好，WHO就去PLACE.to。/If the weather is nice FUTURE, {WHO will go} PLACE.to.
        如果FUTURE下RAIN，WHO就在家休息。/If it RAIN.s FUTURE, {WHO will rest} at home.
        如果PRON有时间，PRON就会ACT。/If {PRON habit have} time, {PRON will ACT}.
        如果PRON喜欢WARE.this，PRON就会买。/If {PRON habit like} WARE.this, {PRON will buy} it.
        如果FUTURE不下RAIN，WHO就会ACT。/If it does not RAIN FUTURE, {WHO will ACT}.
        如果FUTURE天气不好，WHO就不去PLACE.to。/If the weather is not nice FUTURE, {WHO will not go} PLACE.to.'''),
    ('putting, giving', 900, '''
        请把SMALL给PRON。/Please give PRON.obj SMALL.; WHO把SMALL放在SPOT了。/{WHO past put} SMALL SPOT.
        请把SMALL放在SPOT。/Please put SMALL SPOT.; WHO把OWNER的LOST弄丢了。/{WHO past lose} OWNER.poss LOST.
        WHO把OWNER的BROKEN打破了。/{WHO past break} OWNER.poss BROKEN.; WHO把OWNER的LARGE.own卖了。/{WHO past sell} OWNER.poss LARGE.own.
        请把DOOR关上。/Please close the DOOR.; 请把DOOR打开。/Please open the DOOR.; WHO把DOOR关上了。/{WHO past close} the DOOR.
        WHO把DOOR打开了。/{WHO past open} the DOOR.; WHO PAST给了OTHER WARE.a。/{WHO past give} OTHER.obj WARE.a PAST.
        WHO给了OTHER WARE.new。/{WHO past give} OTHER.obj WARE.new.; 请给我WARE.some。/Please give me WARE.some.
        请给我DRINK.some。/Please give me DRINK.some.; WHO想给OTHER买WARE.a。/{WHO habit want} to buy OTHER.obj WARE.a.'''),
    ('weather', 500, '''
        CITY今天很WEATHER。/It is very WEATHER in CITY today.; CITY的SEASON很WEATHER。/SEASON in CITY is very WEATHER.
        CITY的SEASON WEATHER吗？/Is SEASON in CITY WEATHER?; CITY PAST下雨了。/It rained in CITY PAST.
        NORTH PAST下雪了。/It snowed in NORTH PAST.; CITY FUTURE会下雨。/It will rain in CITY FUTURE.
        NORTH FUTURE会下雪。/It will snow in NORTH FUTURE.; CITY FUTURE会下雨吗？/Will it rain in CITY FUTURE?
        FUTURE会下RAIN。/It will RAIN FUTURE.; PAST下RAIN了。/It RAIN.past PAST.; CITY正在下雨。/It is raining in CITY.
        CITY的天气怎么样？/How is the weather in CITY?; CITY的天气很好。/The weather in CITY is nice.
        PAST天气很好。/The weather was nice PAST.; 今天比昨天WEATHER。/Today is WEATHER.more than yesterday.; 今天是DAY。/Today is DAY.
        明天是DAY吗？/Is tomorrow DAY?'''),
    ('travel', 1000, '''
        WHO FUTURE会RIDE去PLACE.to。/{WHO will go} PLACE.to RIDE FUTURE.
        WHO LONG_FUTURE要FAR去REGION。/{WHO going go} to REGION FAR LONG_FUTURE.
        WHO每天RIDE去PLACE.to。/{WHO habit go} PLACE.to RIDE every day.
        WHO LONG_PAST FAR去了REGION。/{WHO past go} to REGION FAR LONG_PAST.
        从CITY到CITY2 FAR要FEW个小时。/It takes FEW hours to go from CITY to CITY2 FAR.; WHO去过REGION。/{WHO perfect be} to REGION.
        WHO没去过REGION。/{WHO perfect never be} to REGION.; WHO去过REGION吗？/{perfect WHO be} to REGION?
        WHO吃过FOREIGN。/{WHO perfect eat} FOREIGN.; WHO没吃过FOREIGN。/{WHO perfect never eat} FOREIGN.
        WHO已经ACT了。/{WHO perfect already ACT}.; WHO还没ACT。/{WHO perfect not ACT} yet.
        WHO在REGION住了FEW年。/{WHO past live} in REGION for FEW years.
        WHO在PLACE.at等了FEW个小时。/{WHO past wait} PLACE.at for FEW hours.'''),
    ('request', 150, '''
        别DO。/Do not DO.; 请不要ACT。/Please do not ACT.; 我们ACT吧。/Let us ACT.'''),
    ('phrase', 250, '''
        WARE.some/WARE.some; WARE.new/WARE.new; WARE.red/WARE.red; OWNER的WARE.own/OWNER.poss WARE.own; WARE.this/WARE.this
        WARE.that/WARE.that; FOOD.some/FOOD.some; DRINK.some/DRINK.some; RELATIVE/RELATIVE; CLOCK/CLOCK; ANIMAL.some/ANIMAL.some'''),
)}

# ---------------------------------------------------------------- derivation

SLOT = re.compile('([A-Z_]{2,}2?)(?:[.]([a-z_]+))?')
ADVERBS = ('also', 'all', 'still', 'already') + tuple(en for _, en in HOW_OFTEN)


def fill(name, s):
    """A choice for the slot that repeats none before it: not 'Tom likes Tom', not 'the box is in the box'."""
    found = SLOTS[name.rstrip('2')]
    while True:
        item = found(s) if callable(found) else s.pick(found)
        forms = item if isinstance(item, dict) else FORMS[type(item)](item, s) if type(item) in FORMS else {'': item}
        zh, en = forms['']
        if not any(old[''][1] == en or name == 'SPOT' and old[''][0] in zh or name == 'SMALL' and zh in old[''][0]
                   for old in s.filled.values()):
            return forms


def derive(rule, dice):
    """Both sides of the rule, its slots filled."""
    zh_rule, en_rule = rule
    s = Draft(dice, zh_rule.endswith('？'))
    for name, _ in SLOT.findall(zh_rule):
        s.filled[name] = s.filled.get(name) or fill(name, s)
    if dice.number(1, 10) <= 3:  # 昨天我 for 我昨天
        zh_rule = re.sub('WHO ((?:LONG_)?(?:PAST|FUTURE))', r'\1 WHO', zh_rule)

    def side(text, i):
        return SLOT.sub(lambda slot: s.filled[slot[1]][slot[2] or ''][i], text)

    def verb(words):
        first, second, *rest = words.split(' ')
        ask = first not in s.filled
        rest = side(' '.join(rest), 1).split(' ')
        no = rest[0] == 'not' and bool(rest.pop(0))
        adverb = rest.pop(0) if rest and rest[0] in ADVERBS else ''
        who, tense = (second, first) if ask else (first, second)
        return clause(s.filled[who]['person'], tense, ' '.join(rest), no, ask, adverb)

    zh = side(zh_rule, 0).replace(' ', '')
    for rough, smooth in (('正在在', '正在'), ('不有意思', '没有意思'), ('不有用', '没有用'), ('不有名', '不出名')):
        zh = zh.replace(rough, smooth)
    en = ''.join(verb(piece) if i % 2 else side(piece, 1) for i, piece in enumerate(re.split('[{}]', en_rule)))
    return zh, capital(en) if en[-1] in '.?!' else en


def marked_and_not(zh, en):
    return [(zh, capital(en)), (unmarked(zh), unmarked(capital(en)))]


def first_tries():
    """Every word alone, and every sentence that people try first."""
    pairs = GREETINGS + TERMS + COLORS + SEASONS + DAYS + SPORTS + LANGUAGES + FIELDS + CITIES + KIN + CIRCLE + JOBS + DISHES
    pairs += [(c.zh, c.en) for c in COUNTRIES] + [(p.zh, p.en) for p in PLACES.values()] + [w[:2] for w in ADJECTIVES.values()]
    pairs += [(n.zh, n.one if n.bare == n.many else n.bare) for n in WARES + ANIMALS + FRUIT + FOOD + DRINKS]
    pairs += [(chinese_number(n), english_number(n)) for n in list(range(1, 101)) + list(range(200, 1000, 100))]
    pairs += [pair for c in COUNTRIES for pair in ((c.zh + '的首都', 'the capital of ' + c.en), (c.zh + '人', c.people + ' people'))]
    pairs += [(zh + zh_mark, capital(en) + mark) for zh, en in GREETINGS for zh_mark, mark in ('！!', '。.')]
    pairs += [(f'我爱{zh}！', f'I love {en}!') for kind in THINGS for zh, en in kind]
    whole = SENTENCES + [(f'我{zh_verb}{zh}。', f'I {verb} {en}.') for zh_verb, verb in (('爱', 'love'), ('喜欢', 'like'))
                         for kind in THINGS for zh, en in kind]
    whole += [(f'我爱我{zh}。', f'I love my {en}.') for zh, en in KIN]
    for c in COUNTRIES:
        whole += [(f'{c.zh}的首都{zh}？', f'{en} the capital of {c.en}?') for zh, en in (
            ('是哪里', 'where is'), ('在哪里', 'where is'), ('是什么', 'what is'))]
        whole += [(f'{c.zh}的首都是{c.capital_zh}。', f'the capital of {c.en} is {c.capital_en}.'),
                  (f'{c.capital_zh}是{c.zh}的首都。', f'{c.capital_en} is the capital of {c.en}.'),
                  (f'{c.capital_zh}是{c.zh}的首都吗？', f'is {c.capital_en} the capital of {c.en}?'),
                  (f'{c.capital_zh}在{c.zh}。', f'{c.capital_en} is in {c.en}.'), (f'我是{c.zh}人。', f'I am {c.people}.'),
                  (f'我来自{c.zh}。', f'I come from {c.en}.'), (f'我想去{c.zh}。', f'I want to go to {c.en}.')]
    whole += [(f'我是{one}{zh}。', f'I am {a(en)}.') for zh, en in JOBS for one in ('', '一名')]
    whole += [(f'我{now}学习{zh}。', f'I {verb} {en}.') for now, verb in (('在', 'am studying'), ('', 'study'))
              for zh, en in LANGUAGES + FIELDS]
    return pairs + [pair for sentence in whole for pair in marked_and_not(*sentence)]


# ---------------------------------------------------------------- split and check


def same(sentence):
    """What two sentences have alike that differ in case and the final mark only."""
    return unmarked(sentence).casefold()


def held_out(zh):
    return next((row for row in HELD_OUT if row[0] in zh and row[1] in zh), None)


def splits():
    """{'train': pairs, 'dev': pairs, 'test': pairs}; pairs whose English is the same stay together."""
    dice, translation, groups = Dice(SEED), {}, {}

    def add(zh, en):
        if translation.setdefault(zh, en) != en:
            raise SystemExit(f'toy_corpus.py: {zh} is both "{translation[zh]}" and "{en}": it must have one translation')
        group = groups.setdefault(same(en), [])
        if (zh, en) not in group:
            group.append((zh, en))

    for pair in first_tries():
        add(*pair)
    certain = list(groups)  # for training, whatever the dice say
    for name, (share, rules) in RULES.items():
        enough, tries = len(translation) + share, 20 * share
        while len(translation) < enough and tries:
            zh, en = derive(dice.pick(rules), dice)
            add(*((unmarked(zh), unmarked(en)) if dice.number(1, 7) == 1 else (zh, en)))
            tries -= 1

    apart = {row: [] for row in HELD_OUT}
    for key, pairs in groups.items():
        row = next((held_out(zh) for zh, _ in pairs if held_out(zh)), None)
        if row:
            apart[row].append(key)
    all_rules = [rule for _, rules in RULES.values() for rule in rules]
    each = round(HELD_OUT_SHARE * (DEV + TEST) / len(HELD_OUT) / 2)
    while any(len(keys) < 2 * each for keys in apart.values()):  # few meet by chance: draw until there are enough
        zh, en = derive(dice.pick(all_rules), dice)
        if held_out(zh) and same(en) not in groups:
            add(zh, en)
            apart[held_out(zh)].append(same(en))
    gone = {key for keys in apart.values() for key in keys}
    certain = [key for key in certain if key not in gone]
    taken = gone.union(certain)
    free = dice.shuffled(key for key in groups if key not in taken)
    parts, apart = {}, {row: dice.shuffled(keys) for row, keys in apart.items()}
    for part, size in (('dev', DEV), ('test', TEST)):
        chosen = [apart[row].pop() for row in HELD_OUT for _ in range(each)]
        chosen += [free.pop() for _ in range(size - len(chosen))]
        parts[part] = dice.shuffled(dice.pick(groups[key]) for key in chosen)
    train = [pair for key in certain + free for pair in groups[key]]
    if len(train) < TRAIN:
        raise SystemExit(f'toy_corpus.py: the rules give {len(train)} training pairs, fewer than {TRAIN}: raise their shares')
    return {'train': dice.shuffled(train[:TRAIN]), **parts}


def faults(parts):
    """What is wrong with the corpus, a sentence each."""
    train, words = set(parts['train']), re.compile(r'[\w-]+')
    for zh, _ in parts['train']:
        if held_out(zh):
            yield f'train has {zh}, which should be held out'
    for zh, en in GREETINGS + SENTENCES + [('我爱中国', 'I love China'), ('机器学习', 'machine learning'),
                                           ('中国的首都是哪里？', 'Where is the capital of China?')]:
        if (zh, en) not in train:
            yield f'train lacks {zh}'
    for part, pairs in parts.items():
        if len(set(pairs)) < len(pairs):
            yield f'{part} has a pair twice'
    seen = [{same(pair[i]) for pair in train} for i in (0, 1)]
    known = {character for zh, _ in train for character in zh} | {word for _, en in train for word in words.findall(en)}
    for part in ('dev', 'test'):
        for zh, en in parts[part]:
            if same(zh) in seen[0] or same(en) in seen[1]:
                yield f'{part} has {zh} ({en}), which is in another part too'
            yield from (f'{part} has {new}, which training lacks' for new in [*zh, *words.findall(en)] if new not in known)
        seen = [seen[i] | {same(pair[i]) for pair in parts[part]} for i in (0, 1)]


def main(arguments):
    check, folders = '--check' in arguments, [word for word in arguments if not word.startswith('-')]
    if len(folders) > 1 or set(arguments) - set(folders) - {'--check'}:
        raise SystemExit(__doc__)
    folder = folders[0] if folders else os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'data', 'toy')
    parts = splits()
    for fault in faults(parts):
        raise SystemExit(f'toy_corpus.py: {fault}')
    if not check:
        os.makedirs(folder, exist_ok=True)
    for part, pairs in parts.items():
        for i, language in enumerate(('zh', 'en')):
            path, text = os.path.join(folder, f'{part}.{language}'), ''.join(pair[i] + '\n' for pair in pairs).encode()
            if not check:
                with open(path, 'wb') as file:
                    file.write(text)
            elif not os.path.exists(path):
                raise SystemExit(f'toy_corpus.py: {path} is missing')
            else:
                with open(path, 'rb') as file:
                    if file.read() != text:
                        raise SystemExit(f'toy_corpus.py: {path} is not what the grammar writes: run scripts/toy_corpus.py')


if __name__ == '__main__':
    main(sys.argv[1:])
