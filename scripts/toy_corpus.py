#!/usr/bin/env python3
"""The toy corpus: a small Chinese-English grammar that derives both sides of a sentence together.

    scripts/toy_corpus.py [FOLDER]            write {train,dev,test}.{zh,en}; FOLDER is data/toy unless told
    scripts/toy_corpus.py --check [FOLDER]    derive them again, compare, and say in a sentence what is wrong

First the lexicon, then the forms of words, then one function a construction, then split, check and write.
A Chinese sentence has one translation only, so a model can get every word right; data/README.md has the rules.
"""
import os
import random
import re
import sys
from collections import namedtuple

TRAIN, DEV, TEST, HELD_OUT_SHARE = 20000, 500, 500, 0.12

# No training sentence has both strings of a row; HELD_OUT_SHARE of dev and of test do.
HELD_OUT = [('首都', '埃及'), ('首都', '泰国'), ('叔叔', '比'), ('俄语', '会说'), ('图书馆', '正在'), ('椅子', '红色'),
            ('地图', '沙发'), ('六十七', '岁'), ('星期四', '没'), ('博物馆', '如果'), ('雨伞', '买的'), ('手表', '把')]

# ---------------------------------------------------------------- lexicon


def table(text):
    """Rows are apart by a semicolon or a line's end, cells by a slash."""
    return [row.strip().split('/') for row in re.split('[;\n]', text) if row.strip()]


Person = namedtuple('Person', 'zh subj obj poss agr many')  # agr: the verb form that follows, I, you, sg or pl
Noun = namedtuple('Noun', 'zh measure one many bare kind')  # 'glass of water', 'glasses of water', 'water', 'drink'
Place = namedtuple('Place', 'zh en measure at to')
Country = namedtuple('Country', 'zh en capital_zh capital_en people language_zh language_en')
Adjective = namedtuple('Adjective', 'zh en more')
Activity = namedtuple('Activity', 'verb object once often places')  # once: 'read a book', often: 'read books'

PRONOUNS = I, YOU, HE, SHE, WE, YOU_ALL, THEY, THEY_F = [Person(*row, row[0].endswith('们')) for row in table('''
    我/I/me/my/I; 你/you/you/your/you; 他/he/him/his/sg; 她/she/her/her/sg; 我们/we/us/our/pl; 你们/you/you/your/pl
    他们/they/them/their/pl; 她们/they/them/their/pl''')]
MINE = {'I': 'mine', 'you': 'yours', 'he': 'his', 'she': 'hers', 'we': 'ours', 'they': 'theirs'}
WHO = Person('谁', 'who', '', '', 'sg', False)

KIN = table('''爸爸/father; 妈妈/mother; 爷爷/grandfather; 奶奶/grandmother; 叔叔/uncle; 阿姨/aunt; 哥哥/older brother
    姐姐/older sister; 弟弟/younger brother; 妹妹/younger sister; 儿子/son; 女儿/daughter''')
CIRCLE = table('朋友/friend; 老师/teacher; 同学/classmate; 同事/colleague; 邻居/neighbor')
NAMES = [Person(zh, en, en, en + "'s", 'sg', False) for zh, en in table('''小明/Xiaoming; 小红/Xiaohong; 汤姆/Tom
    玛丽/Mary; 约翰/John; 安娜/Anna; 王先生/Mr. Wang; 张女士/Ms. Zhang; 李医生/Dr. Li''')]
YOUNG = table('学生/student; 男孩/boy; 女孩/girl')
JOBS = table('''学生/student; 老师/teacher; 医生/doctor; 护士/nurse; 工程师/engineer; 律师/lawyer; 司机/driver; 作家/writer
    歌手/singer; 画家/painter; 科学家/scientist; 厨师/cook; 经理/manager; 记者/reporter; 演员/actor; 程序员/programmer''')

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
CITIES = [(c.capital_zh, c.capital_en) for c in COUNTRIES] + [
    (zh, en) for zh, en in table('上海/Shanghai; 广州/Guangzhou; 成都/Chengdu; 纽约/New York; 悉尼/Sydney')]
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
SMALL = nouns('goods', '''手机/部/phone; 手表/块/watch; 包/个/bag; 雨伞/把/umbrella; 杯子/个/cup; 盘子/个/plate; 地图/张/map
    照片/张/photo; 票/张/ticket; 笔/支/pen; 铅笔/支/pencil; 相机/台/camera; 钱包/个/wallet; 钥匙/把/key; 礼物/件/gift; 玩具/个/toy''')
LARGE = nouns('goods', '电脑/台/computer; 自行车/辆/bicycle; 汽车/辆/car; 桌子/张/table; 椅子/把/chair; 床/张/bed')
CLOTHES = nouns('clothes', '衬衫/件/shirt; 毛衣/件/sweater; 大衣/件/coat; 裙子/条/skirt; 帽子/顶/hat; 鞋/双/pair of shoes')
ANIMALS = nouns('animal', '''猫/只/cat; 狗/只/dog; 鸟/只/bird; 兔子/只/rabbit; 马/匹/horse; 猴子/只/monkey; 熊猫/只/panda
    老虎/只/tiger; 大象/头/elephant''')
FRUIT = nouns('fruit', '苹果/个/apple; 香蕉/根/banana; 橙子/个/orange; 西瓜/个/watermelon; 桃子/个/peach; 葡萄/串/bunch of grapes')
FOOD = nouns('food', '''鸡蛋/个/egg; 米饭/碗/bowl of rice; 面条/碗/bowl of noodles; 饺子/盘/plate of dumplings; 汤/碗/bowl of soup
    面包/片/slice of bread; 蛋糕/块/piece of cake; 巧克力/块/piece of chocolate; 牛肉/块/piece of beef; 鱼/条/fish''')
DRINKS = nouns('drink', '''水/杯/glass of water; 茶/杯/cup of tea; 咖啡/杯/cup of coffee; 牛奶/杯/glass of milk
    果汁/杯/glass of juice; 啤酒/瓶/bottle of beer''')
GOODS, WARES = SMALL + LARGE, READING + SMALL + LARGE + CLOTHES
NOUN = {noun.zh: noun for noun in WARES + ANIMALS + FRUIT + FOOD + DRINKS}
DISHES = [(c.zh + '菜', c.people + ' food') for c in COUNTRIES]
SPORTS = table('篮球/basketball; 足球/soccer; 网球/tennis; 游泳/swimming; 音乐/music')
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
WORKPLACES = [p for p in BUILDINGS if p.zh not in ('公园', '学校', '火车站')]
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
    凉快/cool/cooler; 干净/clean/cleaner; 安静/quiet/quieter; 有名/famous/more famous; 快/fast/faster''')}
SUITS = {kind: [ADJECTIVES[zh] for zh in words.split()] for kind, words in table('''person/高 年轻 聪明 忙 高兴 累 健康 友好
    mood/忙 高兴 累 饿 渴; reading/有意思 无聊 有用 贵 便宜 新 旧; goods/大 小 新 旧 贵 便宜 漂亮; clothes/新 旧 贵 便宜 漂亮
    animal/大 小 聪明 可爱; fruit/贵 便宜 新鲜; food/好吃 贵 便宜; drink/贵 便宜; field/有意思 有用 重要 难 容易
    city/大 漂亮 安静 干净 有名; weather/热 冷 暖和 凉快; building/大 小 新 旧 漂亮 干净 安静''')}
A_LITTLE = '忙累饿渴贵难冷热旧小无聊'  # one is 有点儿累 but not 有点儿高兴
NO_DE = '大小新旧'  # 新书, but 有意思的书

ACTIVITIES = [Activity(verb, obj, once, often or once, places.split()) for verb, obj, once, often, places in table('''
    看/书/read a book/read books/图书馆 家 公园 咖啡馆 教室; 看/报纸/read the newspaper//家 咖啡馆 办公室; 看/电视/watch TV//家 宾馆
    看/电影/watch a movie/watch movies/电影院 家; 听/音乐/listen to music//家 公园 咖啡馆; 喝/咖啡/drink coffee//咖啡馆 办公室 家
    喝/茶/drink tea//办公室 家; 吃/早饭/eat breakfast//家 学校 宾馆; 吃/午饭/eat lunch//饭馆 学校 办公室; 吃/晚饭/eat dinner//家 饭馆
    做/作业/do homework//家 图书馆 教室; 做/饭/cook//家 厨房; 打/篮球/play basketball//学校 公园; 打/网球/play tennis//学校 公园
    踢/足球/play soccer//学校 公园; 弹/钢琴/play the piano//家 学校; 弹/吉他/play the guitar//家 公园; 下/棋/play chess//公园 家
    玩/游戏/play games//家; 唱/歌/sing//公园 教室 家; 跳/舞/dance//公园 家; 跑/步/run//公园 学校; 游/泳/swim//学校 宾馆
    散/步/take a walk/take walks/公园; 睡/觉/sleep//家 宾馆; 洗/澡/take a shower/take showers/家; 开/会/have a meeting/have meetings/办公室 大学
    开/车/drive//; 骑/自行车/ride a bicycle//公园; 画/画/paint//家 公园 教室; 写/信/write a letter/write letters/家 办公室
    打/电话/make a phone call/make phone calls/办公室 家; 聊/天/chat//咖啡馆 办公室 家; 拍/照/take photos//公园 博物馆 动物园
    打扫/房间/clean the room//宾馆; 洗/衣服/wash clothes//家; 买/东西/shop//超市 商店; 买/水果/buy fruit//超市; 买/书/buy a book/buy books/书店
    等/朋友/wait for a friend/wait for friends/机场 火车站 咖啡馆; 包/饺子/make dumplings//家 厨房; 照顾/孩子/look after children//家 医院
    修/自行车/repair a bicycle/repair bicycles/家; 准备/考试/prepare for an exam/prepare for exams/图书馆 家
    工作//work//银行 医院 工厂 大学 博物馆 邮局; 休息//rest//家 宾馆 公园; 锻炼//exercise//公园 家''')]
MEALTIME = {'早饭': '早上', '午饭': '中午', '晚饭': '晚上', '觉': '晚上', '澡': '晚上'}
SKILLS = [a for a in ACTIVITIES if a.object in '饭 篮球 网球 足球 钢琴 吉他 棋 歌 舞 泳 车'.split() or 'ride' in a.once]
ROUTINE = {part: [Activity(verb, obj, once, once, []) for verb, obj, once in table(rows)] for part, rows in {
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

MINUTES = table('点/# o\'clock; 点/# o\'clock; 点/# o\'clock; 点半/half past #; 点一刻/a quarter past #; 点二十分/# twenty')

# What people type first: always in training, with and without the final mark.
GREETINGS = table('''你好/hello; 您好/hello; 大家好/hello everyone; 谢谢/thank you; 谢谢你/thank you; 非常感谢/thank you very much
    再见/goodbye; 明天见/see you tomorrow; 早上好/good morning; 下午好/good afternoon; 晚上好/good evening; 晚安/good night
    对不起/sorry; 没关系/it does not matter; 不客气/you are welcome; 欢迎/welcome; 恭喜/congratulations; 生日快乐/happy birthday
    新年快乐/happy new year; 圣诞快乐/merry Christmas; 祝你好运/good luck; 你好，世界/hello, world; 欢迎来到中国/welcome to China''')
TERMS = table('''世界/world; 首都/capital; 国家/country; 城市/city; 语言/language; 翻译/translation; 神经机器翻译/neural machine translation
    数据/data; 模型/model; 计算机/computer; 互联网/Internet; 科学/science; 爱/love; 家人/family; 时间/time; 今天/today; 天气/weather
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
    我没有时间。/I do not have time.; 我在学习中文。/I am studying Chinese.; 你多大了？/How old are you?; 我们走吧。/Let us go.
    知识就是力量。/Knowledge is power.; 时间就是金钱。/Time is money.; 熟能生巧。/Practice makes perfect.; 世界很大。/The world is very big.
    什么是机器学习？/What is machine learning?; 什么是人工智能？/What is artificial intelligence?; 什么是深度学习？/What is deep learning?
    什么是神经网络？/What are neural networks?; 什么是自然语言处理？/What is natural language processing?''')

# ---------------------------------------------------------------- forms of words

IRREGULAR = {base: (past, participle) for base, past, participle in table('''be/was/been; break/broke/broken; buy/bought/bought; do/did/done
    drink/drank/drunk; drive/drove/driven; eat/ate/eaten; get/got/gotten; give/gave/given; go/went/gone; have/had/had; leave/left/left
    lose/lost/lost; make/made/made; put/put/put; read/read/read; ride/rode/ridden; run/ran/run; sell/sold/sold; sing/sang/sung
    sleep/slept/slept; swim/swam/swum; take/took/taken; teach/taught/taught; write/wrote/written''')}
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
        predicate = 'going ' + (predicate[3:] if predicate.split()[0] == 'go' else 'to ' + predicate)
    predicate = inflect(predicate, form) if form else predicate
    if helper == 'can' and no:
        helper, no = 'cannot', False
    words = ([helper, who.subj] if ask else [who.subj, helper]) + ['not' if no else '', adverb, predicate]
    return ' '.join(word for word in words if word)


def a(phrase):
    return ('an ' if phrase[0] in 'aeiouAEIO' and not phrase.startswith('uni') else 'a ') + phrase


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
    return ('两' if n >= 200 and n < 300 else digits[n // 100]) + '百' + tail


def counted(n, noun, adjective=None):
    """三本新书, three new books. An adjective is anything with a Chinese and an English word; one is 'a'."""
    zh, en = adjective[:2] if adjective else ('', '')
    de = '的' if zh and zh not in NO_DE else ''
    many = (en + ' ' if en else '') + (noun.one if n == 1 else noun.many)
    return chinese_number(n, True) + noun.measure + zh + de + noun.zh, a(many) if n == 1 else english_number(n) + ' ' + many


def capital(sentence):
    return sentence[0].upper() + sentence[1:]


# ---------------------------------------------------------------- slots
#
# What fills a slot is a dictionary from the name of a form to (Chinese, English); '' is the form a bare slot takes.


class Dice:
    """Of Python's generator only random() is promised to repeat itself on every version."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def chance(self, p):
        return self.random() < p

    def number(self, low, high):
        return low + int(self.random() * (high - low + 1))

    def pick(self, choices):
        return choices[int(self.random() * len(choices))]

    def shuffled(self, items):
        return [item for _, _, item in sorted((self.random(), i, item) for i, item in enumerate(items))]


def of(owner, row):
    """我妈妈, but 我的朋友."""
    en = owner.poss + ' ' + row[1]
    return Person(owner.zh + ('的' if row in CIRCLE else '') + row[0], en, en, en + "'s", 'sg', False)


def somebody(d, asked):
    """A pronoun as often as not; else a relative, a friend, a name, that boy, the teachers. Nobody asks about himself."""
    roll, owner = d.random(), d.pick([YOU, HE, SHE] if asked else [I, I, HE, SHE])
    if roll < 0.5:
        return d.pick([YOU, YOU, HE, SHE, YOU_ALL, THEY] if asked else [I, I, I, HE, HE, SHE, SHE, WE, THEY, THEY_F, YOU])
    if roll < 0.8:
        return of(owner, d.pick(KIN if roll < 0.72 else CIRCLE))
    if roll < 0.9:
        return d.pick(NAMES)
    zh, en = d.pick(YOUNG + JOBS[1:4])
    if d.chance(0.5):
        return Person('那个' + zh, 'that ' + en, 'that ' + en, 'that ' + en + "'s", 'sg', False)
    return Person(zh + '们', 'the ' + plural(en), 'the ' + plural(en), 'the ' + plural(en) + "'", 'pl', True)


def person_slot(name, d, asked):
    owner = d.pick([YOU, HE, SHE] if asked else [I, I, HE, SHE])
    if name in ('WHO', 'OTHER'):
        return somebody(d, asked)
    if name == 'PRON':
        return d.pick([YOU, HE, SHE, THEY] if asked else [I, HE, SHE, WE, THEY])
    if name == 'WE':
        return d.pick([WE, THEY, THEY_F, YOU_ALL])
    if name == 'ANYONE':
        return WHO
    if name == 'RELATIVE':
        return of(owner, d.pick(KIN + CIRCLE))
    if name == 'FRIEND':
        return of(owner, d.pick(CIRCLE))
    if name in ('MAN', 'WOMAN'):
        return d.pick([I, of(owner, d.pick(KIN[name == 'WOMAN'::2]))])  # KIN has men and women in turn
    while True:  # ONE is one person; SOMEONE can take up a profession
        found = somebody(d, asked)
        if name == 'ONE' and found.agr != 'pl' and not found.many:
            return found
        if name == 'SOMEONE' and not re.search('那个|.们$|医生|老师|同学|爷爷|奶奶', found.zh.replace('我们', '')) or found in PRONOUNS:
            return found


def person_forms(who):
    return {'': (who.zh, who.subj), 'obj': (who.zh, who.obj), 'poss': (who.zh, who.poss),
            'mine': (who.zh, MINE.get(who.subj, who.poss)), 'person': who}


def noun_forms(noun, d):
    """The thing in every number and company. 'own' is what follows 'my': book, soup, noodles."""
    n, mass, suits, measure = d.pick((1, 1, 2, 3, 4, 5, 6, 8, 10)), noun.bare != noun.many, SUITS[noun.kind], noun.measure + noun.zh
    own = noun.bare if mass else noun.one
    forms = {'': 'the ' + own, 'own': own, 'bare': noun.bare, 'any': 'any ' + own if mass else a(own)}
    agreement = {'is': 'is', 'this_is': 'this is', 'that_is': 'that is', 'is_this': 'is this', 'there_are': 'there ' + ('is' if n == 1 else 'are'),
                 'are': 'are' if noun.bare.endswith('s') else 'is'}
    if own.endswith('s') and mass:
        agreement.update({'is': 'are', 'this_is': 'these are', 'that_is': 'those are', 'is_this': 'are these'})
    return {**{form: (noun.zh, en) for form, en in forms.items()}, **{form: ('', en) for form, en in agreement.items()},
            'this': ('这' + measure, 'this ' + noun.one), 'that': ('那' + measure, 'that ' + noun.one), 'how_many': (measure, noun.many),
            'a': counted(1, noun), 'some': counted(n, noun), 'new': counted(1, noun, d.pick(suits)), 'red': counted(1, noun, d.pick(COLORS)),
            'noun': noun, 'suits': suits}


def activity_forms(d, time, pool, places=True):
    """Something to do, fit for that time of day; its place, where there is one, is often left out."""
    while True:
        what = d.pick(pool)
        part = (re.findall('早上|下午|晚上', time) or [MEALTIME.get(what.object)])[0]
        if MEALTIME.get(what.object, part) == part:
            break
    where = PLACES[d.pick(what.places)] if places and what.places and d.chance(0.35) else None
    zh, at = ('在' + where.zh if where else '') + what.verb + what.object, ' ' + where.at if where else ''
    return {'': (zh, what.once + at), 'often': (zh, what.often + at), 'ing': (zh, inflect(what.once, 'ing') + at)}


def clock_forms(d, part):
    def hour(part):
        n, (zh, en) = d.pick(HOURS[part]), d.pick(MINUTES)
        return part + chinese_number(n, True) + zh, en.replace('#', english_number(n))

    zh, en = hour(part)
    name = HOURS[part][0]
    return {'': (zh, f'at {en} in the {name}'), 'it': (zh, f'{en} in the {name}'), 'every': ('每天' + zh, f'at {en} every {name}'),
            'tomorrow': ('明天' + zh, f'at {en} tomorrow {name}'),
            'yesterday': ('昨天' + zh, f'at {en} ' + ('last night' if part == '晚上' else 'yesterday ' + name)),
            'part': part}


def adjective_forms(adjective):
    return {'': adjective[:2], 'more': (adjective.zh, adjective.more), 'most': (adjective.zh, most(adjective))}


def number_form(n, counting=False):
    return {'': (chinese_number(n, counting), english_number(n))}


def age(who, d):
    old, young = re.search('爷爷|奶奶', who.zh), re.search('儿子|女儿|弟弟|妹妹|孩|学', who.zh)
    return d.number(60, 90) if old else d.number(5, 30) if young else d.number(18, 60)


def price(noun, d):
    return 50 * d.number(4, 19) if noun in LARGE or noun.zh in ('手机', '相机', '手表') else d.number(2, 60) if noun.kind == 'food' else \
        d.pick((d.number(5, 99), 10 * d.number(10, 30)))


STUDIES = LANGUAGES + FIELDS
THINGS = [[(c.zh, c.en) for c in COUNTRIES], CITIES, LANGUAGES, FIELDS, SPORTS, COLORS, SEASONS, DISHES] + [
    [(noun.zh, noun.bare) for noun in kind] for kind in (FRUIT, FOOD, DRINKS, ANIMALS, READING)]
CHOICES = {
    'REGION': THINGS[0] + CITIES, 'CITY': CITIES, 'LANGUAGE': LANGUAGES, 'COLOR': COLORS, 'SEASON': SEASONS, 'DAY': DAYS, 'PAST': PAST,
    'FUTURE': FUTURE, 'HABIT': HABIT, 'LONG_PAST': LONG_PAST, 'LONG_FUTURE': LONG_FUTURE, 'OFTEN': HOW_OFTEN, 'SPOT': SPOTS,
    'PET_SPOT': SPOTS[1:4], 'SIDE': SIDES, 'RIDE': RIDES[2:], 'FAR': RIDES[:2] + RIDES[-2:-1], 'FOREIGN': DISHES,
    'NAME': [(who.zh, who.subj) for who in NAMES], 'BOY_NAME': [('小明', 'Xiaoming'), ('汤姆', 'Tom'), ('约翰', 'John')],
    'GIRL_NAME': [('小红', 'Xiaohong'), ('玛丽', 'Mary'), ('安娜', 'Anna')], 'SORT': YOUNG + JOBS[2:4],
    'WHERE': [(p.zh, p.at) for p in PLACES.values()],
    'ROOM': [(p.zh, p.en) for p in ROOMS[:2]], 'PEOPLE': [(c.zh + '人', c.people) for c in COUNTRIES],
    'FAVORITE': table('颜色/color; 城市/city; 季节/season; 国家/country; 运动/sport; 水果/fruit; 书/book; 电影/movie'),
    'VERY': table('很/very; 非常/very; 真/really; 不/not'), 'DOOR': table('门/door; 窗户/window; 冰箱/fridge; 盒子/box'),
    'LOST': table('钱包/wallet; 钥匙/key; 手机/phone; 雨伞/umbrella; 手表/watch; 帽子/hat; 票/ticket; 相机/camera'),
    'BROKEN': table('杯子/cup; 盘子/plate'),
}
NOUNS = {'WARE': WARES, 'SMALL': SMALL + READING, 'LARGE': LARGE, 'BOOK': READING[:2], 'ANIMAL': ANIMALS, 'PET': ANIMALS[:2], 'FRUIT': FRUIT,
         'FOOD': FRUIT + FOOD, 'DISH': FOOD[3:7], 'DRINK': DRINKS}
ADJECTIVE_SLOTS = {'CITY_ADJ': 'city', 'FRUIT_ADJ': 'fruit', 'STUDY_ADJ': 'field', 'BUILDING_ADJ': 'building', 'MOOD': 'mood',
                   'TRAIT': 'person', 'WEATHER': 'weather'}


def listed(choices):
    return lambda d, filled, asked: {'': tuple(d.pick(choices))}


def person_named(name):
    return lambda d, filled, asked: person_forms(person_slot(name, d, asked))


def adjective_of(kind):
    return lambda d, filled, asked: adjective_forms(d.pick(SUITS[kind]))


def noun_of(choices):
    return lambda d, filled, asked: noun_forms(d.pick(choices), d)


def number_of(n):
    return lambda d, filled, asked: number_form(n(d), counting=True)


def the_one(filled, what):
    """The choice made before that is a person, or a noun."""
    return next(forms for forms in filled.values() if what in forms)


def act(d, filled, asked, places=True):
    time = ''.join(forms[''][0] for slot, forms in filled.items() if slot in ('PAST', 'FUTURE', 'HABIT'))
    return activity_forms(d, time, ACTIVITIES, places)


def routine(d, filled, asked):
    return activity_forms(d, '', ROUTINE[filled['CLOCK']['part'] if 'CLOCK' in filled else d.pick(list(ROUTINE))])


def study(d, filled, asked):
    zh, en = d.pick(STUDIES)
    many = en.endswith(('networks', 'models'))
    return {'': (zh, en), 'is': ('', 'are' if many else 'is'), 'it': ('', 'them' if many else 'it')}


def country(d, filled, asked):
    c = d.pick(COUNTRIES)
    return {'': (c.zh, c.en), 'capital': (c.capital_zh, c.capital_en), 'language': (c.language_zh, c.language_en),
            'food': (c.zh + '菜', c.people + ' food')}


def building(d, filled, asked):
    p = d.pick(BUILDINGS)
    return {'': (p.zh, p.en), 'at': (p.zh, p.at), 'to': (p.zh, p.to), 'this': ('这' + p.measure + p.zh, 'this ' + p.en),
            'a': ('一' + p.measure + p.zh, a(p.en))}


def job(d, filled, asked):
    who = the_one(filled, 'person')['person']
    zh, en = d.pick(JOBS if who in PRONOUNS else JOBS[1:])
    return {'': (zh, plural(en) if who.many else a(en))}


def siblings(d, filled, asked):
    n, (zh, en) = d.pick((1, 1, 2, 3)), d.pick(KIN[6:])
    return {'': (zh, plural(en)), 'some': (chinese_number(n, True) + '个' + zh, a(en) if n == 1 else english_number(n) + ' ' + plural(en))}


def rain(d, filled, asked):
    zh, en = d.pick([('雨', 'rain'), ('雪', 'snow')])
    return {'': (zh, en), 's': (zh, en + 's'), 'past': (zh, en + 'ed'), 'ing': (zh, en + 'ing')}


def owner(d, filled, asked):
    who = person_slot(d.pick(('PRON', 'PRON', 'PRON', 'RELATIVE')), d, asked)
    return {'': (who.zh + '的', who.poss)}


SLOTS = {
    **{name: listed(choices) for name, choices in CHOICES.items()}, **{name: noun_of(choices) for name, choices in NOUNS.items()},
    **{name: adjective_of(kind) for name, kind in ADJECTIVE_SLOTS.items()},
    **{name: person_named(name) for name in 'WHO OTHER PRON WE ANYONE RELATIVE FRIEND MAN WOMAN ONE SOMEONE'.split()},
    'ADJ': lambda d, filled, asked: adjective_forms(d.pick(the_one(filled, 'noun')['suits'])),
    'THING': lambda d, filled, asked: {'': tuple(d.pick(d.pick(THINGS)))},
    'TASTE': lambda d, filled, asked: {'': tuple(d.pick(d.pick(THINGS[3:])))},  # nobody here dislikes a country
    'ACT': act, 'DO': lambda d, filled, asked: act(d, filled, asked, places=False),
    'SKILL': lambda d, filled, asked: activity_forms(d, '', SKILLS, places=False), 'ROUTINE': routine,
    'CLOCK': lambda d, filled, asked: clock_forms(d, d.pick(list(HOURS))), 'START': lambda d, filled, asked: {'': clock_forms(d, '早上')['it']},
    'END': lambda d, filled, asked: {'': clock_forms(d, '下午')['it']}, 'NUMBER': number_of(lambda d: d.number(2, 60)),
    'SMALL_NUMBER': number_of(lambda d: d.number(2, 9)), 'COUNT': number_of(lambda d: 10 * d.number(2, 39)),
    'AGE': lambda d, filled, asked: number_form(age(the_one(filled, 'person')['person'], d)),
    'PRICE': lambda d, filled, asked: number_form(price(the_one(filled, 'noun')['noun'], d), counting=True),
    'STUDY': study, 'COUNTRY': country, 'PLACE': building, 'BUILDING': building, 'JOB': job, 'KIN': siblings, 'RAIN': rain, 'OWNER': owner,
}

# ---------------------------------------------------------------- constructions
#
# A row is a rule with two sides. A word in capitals is a slot, filled once for both; WARE.this is its form 'this'.
# Braces hold a finite verb: {WHO past not ACT} 'he did not read a book', {past WHO ACT} 'did he read a book'.
# A construction draws its rows alike until it has its share of sentences.

CONSTRUCTIONS = {name: (share, table(rows)) for name, share, rows in (
    ('liking', 900, '''
        WHO喜欢THING。/{WHO habit like} THING.; WHO很喜欢THING。/{WHO habit like} THING very much.
        WHO爱THING。/{WHO habit love} THING.; WHO也喜欢THING。/{WHO habit also like} THING.
        WE都喜欢THING。/{WE habit all like} THING.; WHO喜欢THING和THING2。/{WHO habit like} THING and THING2.
        WHO不喜欢TASTE。/{WHO habit not like} TASTE.
        PRON喜欢THING，但是不喜欢TASTE2。/{PRON habit like} THING, but {PRON habit not like} TASTE2.
        WHO喜欢THING吗？/{habit WHO like} THING?; WHO为什么喜欢THING？/Why {habit WHO like} THING?
        ANYONE喜欢THING？/{ANYONE habit like} THING?'''),
    ('liking to do', 500, '''
        WHO喜欢ACT。/{WHO habit like} to ACT.often.; WHO不喜欢ACT。/{WHO habit not like} to ACT.often.
        WHO喜欢ACT吗？/{habit WHO like} to ACT.often?'''),
    ('being', 700, '''
        SOMEONE是JOB。/{SOMEONE be} JOB.; SOMEONE不是JOB。/{SOMEONE be not} JOB.; SOMEONE也是JOB。/{SOMEONE be also} JOB.
        SOMEONE是JOB吗？/{be SOMEONE} JOB?; SOMEONE想当JOB。/{SOMEONE habit want} to be JOB.; WE都是JOB。/{WE be all} JOB.
        WHO是PEOPLE。/{WHO be} PEOPLE.; WHO不是PEOPLE。/{WHO be not} PEOPLE.; WHO是PEOPLE吗？/{be WHO} PEOPLE?
        NAME是FRIEND。/NAME is FRIEND.; 这是RELATIVE。/This is RELATIVE.; 那是RELATIVE吗？/Is that RELATIVE?
        WHO是谁？/Who {be WHO}?'''),
    ('name, home and age', 700, '''
        MAN叫BOY_NAME。/MAN.poss name is BOY_NAME.; WOMAN叫GIRL_NAME。/WOMAN.poss name is GIRL_NAME.
        RELATIVE叫什么名字？/What is RELATIVE.poss name?; WHO来自REGION。/{WHO habit come} from REGION.
        WHO来自REGION吗？/{habit WHO come} from REGION?; WHO住在REGION。/{WHO habit live} in REGION.
        WHO住在REGION吗？/{habit WHO live} in REGION?; ONE今年AGE岁。/{ONE be} AGE years old.
        ONE今年AGE岁。/{ONE be} AGE years old.; ONE今年AGE岁吗？/{be ONE} AGE years old?; ONE今年多大？/How old {be ONE}?
        WHO住在哪里？/Where {habit WHO live}?'''),
    ('languages and studies', 900, '''
        WHO会说LANGUAGE。/{WHO can speak} LANGUAGE.; WHO不会说LANGUAGE。/{WHO can not speak} LANGUAGE.
        WHO会说LANGUAGE吗？/{can WHO speak} LANGUAGE?; WHO会说一点儿LANGUAGE。/{WHO can speak} a little LANGUAGE.
        WHO会说LANGUAGE和LANGUAGE2。/{WHO can speak} LANGUAGE and LANGUAGE2.
        WHO教OTHER STUDY。/{WHO habit teach} OTHER.obj STUDY.; WHO在大学学习STUDY。/{WHO habit study} STUDY at the university.
        WHO想学习STUDY。/{WHO habit want} to study STUDY.; WHO正在学习STUDY。/{WHO now study} STUDY.
        WHO为什么学习STUDY？/Why {habit WHO study} STUDY?; WHO的LANGUAGE很好。/WHO.poss LANGUAGE is good.
        STUDY很STUDY_ADJ。/STUDY STUDY.is very STUDY_ADJ.; STUDY不STUDY_ADJ。/STUDY STUDY.is not STUDY_ADJ.
        STUDY STUDY_ADJ吗？/STUDY.is STUDY STUDY_ADJ?
        WHO学了SMALL_NUMBER年STUDY。/{WHO past study} STUDY for SMALL_NUMBER years.
        用LANGUAGE怎么说？/How do you say it in LANGUAGE?'''),
    ('capitals', 450, '''
        WHO想去COUNTRY的首都。/{WHO habit want} to go to the capital of COUNTRY.
        WHO喜欢COUNTRY的首都。/{WHO habit like} the capital of COUNTRY.
        COUNTRY的首都很CITY_ADJ。/The capital of COUNTRY is very CITY_ADJ.
        WHO住在COUNTRY的首都。/{WHO habit live} in the capital of COUNTRY.
        COUNTRY.capital不是COUNTRY2的首都。/COUNTRY.capital is not the capital of COUNTRY2.
        COUNTRY的首都CITY_ADJ吗？/Is the capital of COUNTRY CITY_ADJ?
        WHO去过COUNTRY的首都。/{WHO perfect be} to the capital of COUNTRY.'''),
    ('yesterday', 1500, '''
        WHO PAST ACT了。/{WHO past ACT} PAST.; WHO PAST没ACT。/{WHO past not ACT} PAST.; WHO PAST ACT了吗？/{past WHO ACT} PAST?
        WHO PAST去了PLACE.to。/{WHO past go} PLACE.to PAST.; WHO PAST没去PLACE.to。/{WHO past not go} PLACE.to PAST.
        WHO PAST去PLACE.to了吗？/{past WHO go} PLACE.to PAST?; ANYONE PAST ACT了？/{ANYONE past ACT} PAST?
        WHO PAST为什么没ACT？/Why {past WHO not ACT} PAST?; WHO LONG_PAST去了REGION。/{WHO past go} to REGION LONG_PAST.
        WHO LONG_PAST去了REGION吗？/{past WHO go} to REGION LONG_PAST?; WHO PAST做了什么？/What {past WHO do} PAST?'''),
    ('tomorrow', 1400, '''
        WHO FUTURE会ACT。/{WHO will ACT} FUTURE.; WHO FUTURE不会ACT。/{WHO will not ACT} FUTURE.
        WHO FUTURE会ACT吗？/{will WHO ACT} FUTURE?; WHO FUTURE要ACT。/{WHO going ACT} FUTURE.
        WHO FUTURE要去PLACE.to。/{WHO going go} PLACE.to FUTURE.; WHO FUTURE要去PLACE.to吗？/{going WHO go} PLACE.to FUTURE?
        WHO LONG_FUTURE会去REGION。/{WHO will go} to REGION LONG_FUTURE.
        WHO LONG_FUTURE会去REGION吗？/{will WHO go} to REGION LONG_FUTURE?; WHO FUTURE想ACT。/{WHO habit want} to ACT FUTURE.
        ANYONE FUTURE会ACT？/{ANYONE will ACT} FUTURE?; WHO FUTURE会做什么？/What {will WHO do} FUTURE?'''),
    ('every day', 1300, '''
        WHO HABIT都ACT。/{WHO habit ACT.often} HABIT.; WHO HABIT都ACT吗？/{habit WHO ACT.often} HABIT?
        WHO OFTEN ACT。/{WHO habit OFTEN ACT.often}.; WHO OFTEN ACT。/{WHO habit OFTEN ACT.often}.
        WHO经常ACT吗？/{habit WHO often ACT.often}?; WHO HABIT都去PLACE.to。/{WHO habit go} PLACE.to HABIT.
        WHO不常去PLACE.to。/{WHO habit not often go} PLACE.to.'''),
    ('now', 1000, '''
        WHO正在ACT。/{WHO now ACT}.; WHO正在ACT吗？/{now WHO ACT}?; WHO现在正在ACT。/{WHO now ACT} now.; WHO在DO。/{WHO now DO}.
        WHO在DO吗？/{now WHO DO}?; WHO没在DO。/{WHO now not DO}.; ANYONE在DO？/{ANYONE now DO}?; WHO还在DO。/{WHO now still DO}.
        WHO在做什么？/What {now WHO do}?'''),
    ('clock', 1000, '''
        WHO CLOCK ROUTINE。/{WHO habit ROUTINE} CLOCK.; WHO CLOCK.every ROUTINE。/{WHO habit ROUTINE} CLOCK.every.
        WHO CLOCK.tomorrow要ROUTINE。/{WHO going ROUTINE} CLOCK.tomorrow.
        WHO CLOCK.yesterday ROUTINE了。/{WHO past ROUTINE} CLOCK.yesterday.
        WHO CLOCK.yesterday没ROUTINE。/{WHO past not ROUTINE} CLOCK.yesterday.
        WHO每天几点ROUTINE？/What time {habit WHO ROUTINE} every day?; WHO从START到END工作。/{WHO habit work} from START to END.
        现在是CLOCK。/It is CLOCK.it now.'''),
    ('wishes, skills, duties', 1000, '''
        WHO想ACT。/{WHO habit want} to ACT.; WHO不想ACT。/{WHO habit not want} to ACT.; WHO想ACT吗？/{habit WHO want} to ACT?
        WHO会SKILL。/{WHO can SKILL}.; WHO不会SKILL。/{WHO can not SKILL}.; WHO会SKILL吗？/{can WHO SKILL}?
        WHO应该ACT。/{WHO should ACT}.; WHO不应该ACT。/{WHO should not ACT}.; WHO必须ACT。/{WHO must ACT}.
        WHO可以ACT吗？/{can WHO ACT}?; WHO可以ACT。/{WHO can ACT}.'''),
    ('when, where, how', 500, '''
        WHO什么时候ACT？/When {habit WHO ACT.often}?; WHO PAST在哪里DO？/Where {past WHO DO} PAST?
        WHO在哪里工作？/Where {habit WHO work}?; WHO什么时候去REGION？/When {will WHO go} to REGION?
        WHO想去哪里？/Where {habit WHO want} to go?; WHO怎么去PLACE.to？/How {habit WHO go} PLACE.to?
        WHO想吃什么？/What {habit WHO want} to eat?; WHO想喝什么？/What {habit WHO want} to drink?
        WHO PAST买了什么？/What {past WHO buy} PAST?; WHO喜欢什么颜色？/What color {habit WHO like}?
        WHO喜欢谁？/Who {habit WHO like}?; WHO FUTURE要去哪里？/Where {going WHO go} FUTURE?'''),
    ('buying, eating, drinking', 1600, '''
        WHO PAST买了WARE.some。/{WHO past buy} WARE.some PAST.; WHO PAST没买WARE。/{WHO past not buy} WARE.any PAST.
        WHO想买WARE.some。/{WHO habit want} to buy WARE.some.; WHO FUTURE会买WARE.new。/{WHO will buy} WARE.new FUTURE.
        WHO PAST吃了FOOD.some。/{WHO past eat} FOOD.some PAST.; WHO想吃FOOD.bare。/{WHO habit want} to eat FOOD.bare.
        WHO每天都喝DRINK.some。/{WHO habit drink} DRINK.some every day.
        WHO PAST喝了DRINK.some。/{WHO past drink} DRINK.some PAST.; WHO不喝DRINK.bare。/{WHO habit not drink} DRINK.bare.
        WHO不吃FOOD.bare。/{WHO habit not eat} FOOD.bare.; WHO喝DRINK.bare吗？/{habit WHO drink} DRINK.bare?
        我要DRINK.some。/I want DRINK.some.; WHO买了WARE.some吗？/{past WHO buy} WARE.some?
        WHO PAST买了WARE.red。/{WHO past buy} WARE.red PAST.; WHO把DRINK.bare喝了。/{WHO past drink} the DRINK.bare.'''),
    ('having', 900, '''
        WHO有WARE.some。/{WHO habit have} WARE.some.; WHO没有WARE。/{WHO habit not have} WARE.any.
        WHO有WARE吗？/{habit WHO have} WARE.any?; WHO有WARE.new。/{WHO habit have} WARE.new.
        WHO有WARE.red。/{WHO habit have} WARE.red.; WHO有KIN.some。/{WHO habit have} KIN.some.
        WHO有ANIMAL.some。/{WHO habit have} ANIMAL.some.; WHO有几WARE.how_many？/How many WARE.how_many {habit WHO have}?
        WHO有几个KIN？/How many KIN {habit WHO have}?; 这个学校有COUNT个学生。/This school has COUNT students.
        我们公司有COUNT个人。/There are COUNT people in our company.'''),
    ('whose', 700, '''
        这是OWNER WARE.own。/WARE.this_is OWNER WARE.own.; 那不是OWNER WARE.own。/WARE.that_is not OWNER WARE.own.
        这是OWNER WARE.own吗？/WARE.is_this OWNER WARE.own?; WARE.this是PRON的。/WARE.this is PRON.mine.
        OWNER WARE.own很ADJ。/OWNER WARE.own WARE.is very ADJ.; 这是谁的WARE.own？/Whose WARE.own WARE.is_this?
        WHO在找OWNER SMALL.own。/{WHO now look} for OWNER SMALL.own.; WHO喜欢OWNER WARE.own。/{WHO habit like} OWNER WARE.own.'''),
    ('price', 400, '''
        WARE.this PRICE块钱。/WARE.this costs PRICE yuan.; WARE.that PRICE块钱。/WARE.that costs PRICE yuan.
        WARE.this多少钱？/How much is WARE.this?; WARE.that多少钱？/How much is WARE.that?
        FOOD.a PRICE块钱。/FOOD.a costs PRICE yuan.'''),
    ('it is there', 800, '''
        OWNER SMALL.own在SPOT。/OWNER SMALL.own SMALL.is SPOT.; OWNER SMALL.own在SPOT。/OWNER SMALL.own SMALL.is SPOT.
        SMALL在SPOT。/SMALL SMALL.is SPOT.; OWNER SMALL.own不在SPOT。/OWNER SMALL.own SMALL.is not SPOT.
        OWNER SMALL.own在SPOT吗？/SMALL.is OWNER SMALL.own SPOT?; OWNER SMALL.own在哪里？/Where SMALL.is OWNER SMALL.own?
        BUILDING在BUILDING2 SIDE。/The BUILDING is SIDE the BUILDING2.; BUILDING在哪里？/Where is the BUILDING?
        WHO在WHERE。/{WHO be} WHERE.; WHO不在WHERE。/{WHO be not} WHERE.; WHO在WHERE吗？/{be WHO} WHERE?
        WHO在哪里？/Where {be WHO}?; CITY在哪里？/Where is CITY?'''),
    ('there is', 800, '''
        SPOT有SMALL.some。/SMALL.there_are SMALL.some SPOT.; SPOT有SMALL.red。/There is SMALL.red SPOT.
        SPOT没有SMALL。/There SMALL.are no SMALL.bare SPOT.; SPOT有SMALL吗？/Are there any SMALL.bare SPOT?
        SPOT有什么？/What is SPOT?; 桌子上有FRUIT.some。/FRUIT.there_are FRUIT.some on the table.
        SPOT有几SMALL.how_many？/How many SMALL.how_many are there SPOT?
        冰箱里有FOOD.bare。/There FOOD.are FOOD.bare in the fridge.
        冰箱里没有DRINK.bare。/There is no DRINK.bare in the fridge.
        冰箱里有DRINK.bare吗？/Is there any DRINK.bare in the fridge?
        BUILDING SIDE有BUILDING2.a。/There is BUILDING2.a SIDE the BUILDING.
        教室里有NUMBER个学生。/There are NUMBER students in the classroom.; PLACE里有很多人。/There are many people PLACE.at.
        PET_SPOT有PET.some。/PET.there_are PET.some PET_SPOT.'''),
    ('how it is', 1000, '''
        WHO VERY MOOD。/{WHO be} VERY MOOD.; WHO太MOOD了。/{WHO be} too MOOD.; WHO MOOD吗？/{be WHO} MOOD?
        WHO TRAIT吗？/{be WHO} TRAIT?; WHO VERY TRAIT。/{WHO be} VERY TRAIT.; WARE.this VERY ADJ。/WARE.this is VERY ADJ.
        WARE.that VERY ADJ。/WARE.that is VERY ADJ.; WARE.this太ADJ了。/WARE.this is too ADJ.
        BUILDING.this VERY BUILDING_ADJ。/BUILDING.this is VERY BUILDING_ADJ.; CITY VERY CITY_ADJ。/CITY is VERY CITY_ADJ.
        FOOD.this VERY ADJ。/FOOD.this is VERY ADJ.; WARE.this ADJ吗？/Is WARE.this ADJ?
        ANIMAL.that VERY ADJ。/ANIMAL.that is VERY ADJ.'''),
    ('more and most', 1300, '''
        WHO比OTHER TRAIT。/{WHO be} TRAIT.more than OTHER.obj.
        WHO比OTHER TRAIT一点儿。/{WHO be} a little TRAIT.more than OTHER.obj.
        WHO比OTHER TRAIT得多。/{WHO be} much TRAIT.more than OTHER.obj.
        WHO没有OTHER TRAIT。/{WHO be not} as TRAIT as OTHER.obj.; WHO和OTHER一样TRAIT。/{WHO be} as TRAIT as OTHER.obj.
        WHO比OTHER TRAIT吗？/{be WHO} TRAIT.more than OTHER.obj?
        ONE是我们班最TRAIT的学生。/{ONE be} the TRAIT.most student in our class.
        WARE.this比WARE.that ADJ。/WARE.this is ADJ.more than WARE.that.
        PRON的WARE.own比PRON2的ADJ。/PRON.poss WARE.own WARE.is ADJ.more than PRON2.mine.
        FRUIT.bare比FRUIT2.bare FRUIT_ADJ。/FRUIT.bare are FRUIT_ADJ.more than FRUIT2.bare.
        CITY比CITY2 CITY_ADJ。/CITY is CITY_ADJ.more than CITY2.; CITY没有CITY2 CITY_ADJ。/CITY is not as CITY_ADJ as CITY2.
        STUDY比STUDY2 STUDY_ADJ。/STUDY STUDY.is STUDY_ADJ.more than STUDY2.
        CITY的SEASON比CITY2的SEASON WEATHER。/SEASON in CITY is WEATHER.more than SEASON in CITY2.
        这是我们学校最BUILDING_ADJ的ROOM。/This is the BUILDING_ADJ.most ROOM in our school.'''),
    ('the one that', 1300, '''
        WHO PAST买的WARE很ADJ。/The WARE.own WHO bought PAST WARE.is very ADJ.
        WHO PAST买的WARE不ADJ。/The WARE.own WHO bought PAST WARE.is not ADJ.
        WHO买的WARE在SPOT。/The WARE.own WHO bought WARE.is SPOT.; WHO写的BOOK很ADJ。/The BOOK.own WHO wrote is very ADJ.
        WHO很喜欢OTHER写的BOOK。/{WHO habit like} the BOOK.own OTHER wrote very much.
        这是WHO PAST买的WARE。/WARE.this_is the WARE.own WHO bought PAST.
        WHO PAST看的电影很有意思。/The movie WHO watched PAST is very interesting.
        WHO PAST做的DISH很好吃。/The DISH WHO made PAST DISH.is very tasty.
        WHO拍的照片很漂亮。/The photos WHO took are very beautiful.
        会说LANGUAGE的SORT是FRIEND。/The SORT who can speak LANGUAGE is FRIEND.
        正在ACT的SORT是FRIEND。/The SORT who is ACT.ing is FRIEND.
        正在ACT的男孩叫BOY_NAME。/The boy who is ACT.ing is called BOY_NAME.
        正在ACT的女孩叫GIRL_NAME。/The girl who is ACT.ing is called GIRL_NAME.
        穿COLOR毛衣的SORT是FRIEND。/The SORT in the COLOR sweater is FRIEND.
        WHO认识教OTHER STUDY的老师。/{WHO habit know} the teacher who teaches OTHER.obj STUDY.
        喜欢THING的SORT VERY TRAIT。/The SORT who likes THING is VERY TRAIT.'''),
    ('because and although', 1000, '''
        因为PAST下RAIN，所以WHO没去PLACE.to。/Because it RAIN.past PAST, {WHO past not go} PLACE.to.
        WHO没去PLACE.to，因为PAST下RAIN了。/{WHO past not go} PLACE.to because it RAIN.past PAST.
        因为PRON病了，所以PRON PAST没去PLACE.to。/Because {PRON was} sick, {PRON past not go} PLACE.to PAST.
        因为PRON很MOOD，所以PRON不想ACT。/Because {PRON be} very MOOD, {PRON habit not want} to ACT.
        因为PRON想去COUNTRY，所以PRON正在学习COUNTRY.language。/Because {PRON habit want} to go to COUNTRY, {PRON now study} COUNTRY.language.
        因为WARE.this太贵了，所以WHO没买。/Because WARE.this was too expensive, {WHO past not buy} it.
        因为PRON喜欢COUNTRY.food，所以PRON想去COUNTRY。/Because {PRON habit like} COUNTRY.food, {PRON habit want} to go to COUNTRY.
        虽然PRON很MOOD，但是PRON还在DO。/Although {PRON be} very MOOD, {PRON now still DO}.
        虽然STUDY很难，但是WHO很喜欢。/Although STUDY STUDY.is very difficult, {WHO habit like} STUDY.it very much.
        虽然WARE.this很贵，但是WHO想买。/Although WARE.this is very expensive, {WHO habit want} to buy it.
        虽然今天很WEATHER，但是WHO要去PLACE.to。/Although it is very WEATHER today, {WHO going go} PLACE.to.'''),
    ('if', 800, '''
        如果FUTURE下RAIN，WHO就不去PLACE.to。/If it RAIN.s FUTURE, {WHO will not go} PLACE.to.
        如果FUTURE天气好，WHO就去PLACE.to。/If the weather is nice FUTURE, {WHO will go} PLACE.to.
        如果FUTURE下RAIN，WHO就在家DO。/If it RAIN.s FUTURE, {WHO will DO} at home.
        如果PRON有时间，PRON就会ACT。/If {PRON habit have} time, {PRON will ACT}.
        如果PRON喜欢WARE.this，PRON就会买。/If {PRON habit like} WARE.this, {PRON will buy} it.
        如果FUTURE不下RAIN，WHO就会ACT。/If it does not RAIN FUTURE, {WHO will ACT}.
        如果FUTURE天气不好，WHO就不去PLACE.to。/If the weather is not nice FUTURE, {WHO will not go} PLACE.to.'''),
    ('putting and giving', 900, '''
        请把SMALL给PRON。/Please give PRON.obj SMALL.; WHO把SMALL放在SPOT了。/{WHO past put} SMALL SPOT.
        请把SMALL放在SPOT。/Please put SMALL SPOT.; WHO把OWNER LOST弄丢了。/{WHO past lose} OWNER LOST.
        WHO把OWNER BROKEN打破了。/{WHO past break} OWNER BROKEN.; WHO把OWNER LARGE.own卖了。/{WHO past sell} OWNER LARGE.own.
        请把DOOR关上。/Please close the DOOR.; 请把DOOR打开。/Please open the DOOR.
        WHO把DOOR关上了。/{WHO past close} the DOOR.; WHO把DOOR打开了。/{WHO past open} the DOOR.
        WHO PAST给了OTHER WARE.a。/{WHO past give} OTHER.obj WARE.a PAST.
        WHO给了OTHER WARE.new。/{WHO past give} OTHER.obj WARE.new.; 请给我WARE.some。/Please give me WARE.some.
        请给我DRINK.some。/Please give me DRINK.some.; WHO想给OTHER买WARE.a。/{WHO habit want} to buy OTHER.obj WARE.a.'''),
    ('weather', 500, '''
        CITY今天很WEATHER。/It is very WEATHER in CITY today.; CITY的SEASON很WEATHER。/SEASON in CITY is very WEATHER.
        CITY的SEASON WEATHER吗？/Is SEASON in CITY WEATHER?; CITY PAST下RAIN了。/It RAIN.past in CITY PAST.
        CITY FUTURE会下RAIN。/It will RAIN in CITY FUTURE.; CITY FUTURE会下RAIN吗？/Will it RAIN in CITY FUTURE?
        FUTURE会下RAIN。/It will RAIN FUTURE.; PAST下RAIN了。/It RAIN.past PAST.; CITY正在下RAIN。/It is RAIN.ing in CITY.
        CITY的天气怎么样？/How is the weather in CITY?; CITY的天气很好。/The weather in CITY is nice.
        PAST天气很好。/The weather was nice PAST.; 今天比昨天WEATHER。/Today is WEATHER.more than yesterday.
        今天是DAY。/Today is DAY.; 昨天是DAY。/Yesterday was DAY.; 明天是DAY吗？/Is tomorrow DAY?'''),
    ('travel', 1000, '''
        WHO FUTURE会RIDE去PLACE.to。/{WHO will go} PLACE.to RIDE FUTURE.
        WHO LONG_FUTURE要FAR去REGION。/{WHO going go} to REGION FAR LONG_FUTURE.
        WHO每天RIDE去PLACE.to。/{WHO habit go} PLACE.to RIDE every day.
        WHO LONG_PAST FAR去了REGION。/{WHO past go} to REGION FAR LONG_PAST.
        从CITY到CITY2 FAR要SMALL_NUMBER个小时。/It takes SMALL_NUMBER hours to go from CITY to CITY2 FAR.
        WHO去过REGION。/{WHO perfect be} to REGION.; WHO没去过REGION。/{WHO perfect never be} to REGION.
        WHO去过REGION吗？/{perfect WHO be} to REGION?; WHO吃过FOREIGN。/{WHO perfect eat} FOREIGN.
        WHO没吃过FOREIGN。/{WHO perfect never eat} FOREIGN.; WHO已经ACT了。/{WHO perfect already ACT}.
        WHO在REGION住了SMALL_NUMBER年。/{WHO past live} in REGION for SMALL_NUMBER years.
        WHO在PLACE.at等了SMALL_NUMBER个小时。/{WHO past wait} PLACE.at for SMALL_NUMBER hours.'''),
    ('favorites', 250, '''
        WHO最喜欢的颜色是COLOR。/WHO.poss favorite color is COLOR.; WHO最喜欢的城市是CITY。/WHO.poss favorite city is CITY.
        WHO最喜欢的季节是SEASON。/WHO.poss favorite season is SEASON.
        WHO最喜欢的FAVORITE是什么？/What is WHO.poss favorite FAVORITE?
        WHO最喜欢的国家是COUNTRY。/WHO.poss favorite country is COUNTRY.'''),
    ('requests', 150, '''
        别DO。/Do not DO.; 请不要ACT。/Please do not ACT.; 我们ACT吧。/Let us ACT.'''),
    ('phrases', 500, '''
        WARE.some/WARE.some; WARE.new/WARE.new; WARE.red/WARE.red; OWNER WARE.own/OWNER WARE.own; WARE.this/WARE.this
        WARE.that/WARE.that; FOOD.some/FOOD.some; DRINK.some/DRINK.some; RELATIVE/RELATIVE; CLOCK/CLOCK; ANIMAL.some/ANIMAL.some'''),
)}

# ---------------------------------------------------------------- derivation

SLOT = re.compile(r'(?<![A-Z_])([A-Z][A-Z_]+2?)(?:\.([a-z_]+))?')
ADVERBS = ('also', 'all', 'still', 'already') + tuple(en for _, en in HOW_OFTEN)


def clash(name, forms, filled):
    """Nothing twice in a sentence: not 'Tom likes Tom', not 'tea and tea', not 'the box is in the box'."""
    zh, en = forms['']
    return any(en == old[''][1] or en == old[''][1] + "'s" or (name in ('SPOT', 'SMALL') and (old[''][0] in zh or zh in old[''][0]))
               for old in filled.values())


def derive(zh_rule, en_rule, d):
    """Both sides of a rule with its slots filled."""
    asked, filled = zh_rule.endswith('？'), {}
    for name, _ in SLOT.findall(zh_rule):
        while name not in filled:
            forms = SLOTS[name.rstrip('2')](d, filled, asked)
            if not clash(name, forms, filled):
                filled[name] = forms
    if d.chance(0.3):  # 我昨天 or 昨天我
        zh_rule = re.sub('WHO ((?:LONG_)?(?:PAST|FUTURE))', r'\1WHO', zh_rule)

    def filler(side):
        return lambda text: SLOT.sub(lambda m: filled[m[1]][m[2] or ''][side], text)

    chinese, english = filler(0), filler(1)

    def finite(match):
        first, second, *rest = match[1].split(' ')
        ask = first not in filled
        who, tense = filled[second if ask else first]['person'], first if ask else second
        rest = english(' '.join(rest)).split(' ')
        no = rest[0] == 'not'
        rest = rest[no:]
        adverb = rest.pop(0) if rest and rest[0] in ADVERBS else ''
        return clause(who, tense, ' '.join(rest), no, ask, adverb)

    return chinese(zh_rule).replace(' ', ''), english(re.sub(r'\{(.*?)\}', finite, en_rule)).replace('  ', ' ')


def unmarked(sentence):
    return sentence.rstrip('。？！.?!')


def both_ways(zh, en):
    """With the final mark and without."""
    return [(zh, capital(en)), (unmarked(zh), unmarked(capital(en)))]


def first_tries():
    """What people type first, in full: words alone, 我爱 and 我喜欢 with everything, capitals, who one is and where one is from."""
    pairs = GREETINGS + TERMS + COLORS + SEASONS + DAYS + SPORTS + STUDIES + CITIES + KIN + CIRCLE + JOBS + DISHES
    pairs += [(c.zh, c.en) for c in COUNTRIES] + [(p.zh, p.en) for p in PLACES.values()] + [w[:2] for w in ADJECTIVES.values()]
    pairs += [(n.zh, n.one if n.bare == n.many else n.bare) for n in WARES + ANIMALS + FRUIT + FOOD + DRINKS]
    pairs += [(chinese_number(n), english_number(n)) for n in list(range(1, 101)) + list(range(200, 1000, 100))]
    pairs += [(c.zh + '的首都', 'the capital of ' + c.en) for c in COUNTRIES] + [(c.zh + '人', c.people + ' people') for c in COUNTRIES]
    for zh, en in GREETINGS:
        pairs += [(zh + '！', capital(en) + '!'), (zh + '。', capital(en) + '.')]
    for zh, en in SENTENCES:
        pairs += both_ways(zh, en)
    for kind in THINGS:
        for zh, en in kind:
            for verb, base in (('爱', 'love'), ('喜欢', 'like')):
                pairs += both_ways('我' + verb + zh + '。', 'I ' + base + ' ' + en + '.')
            pairs.append(('我爱' + zh + '！', 'I love ' + en + '!'))
    for c in COUNTRIES:
        for zh, en in ((c.zh + '的首都是哪里？', 'where is the capital of ' + c.en + '?'),
                       (c.zh + '的首都是' + c.capital_zh + '。', 'the capital of ' + c.en + ' is ' + c.capital_en + '.'),
                       (c.capital_zh + '是' + c.zh + '的首都。', c.capital_en + ' is the capital of ' + c.en + '.'),
                       (c.capital_zh + '是' + c.zh + '的首都吗？', 'is ' + c.capital_en + ' the capital of ' + c.en + '?'),
                       ('我是' + c.zh + '人。', 'I am ' + c.people + '.'), ('我来自' + c.zh + '。', 'I come from ' + c.en + '.'),
                       ('我想去' + c.zh + '。', 'I want to go to ' + c.en + '.'), (c.capital_zh + '在' + c.zh + '。', c.capital_en + ' is in ' + c.en + '.')):
            pairs += both_ways(zh, en)
    for zh, en in JOBS:
        pairs += both_ways('我是' + zh + '。', 'I am ' + a(en) + '.') + both_ways('我是一名' + zh + '。', 'I am ' + a(en) + '.')
    for zh, en in STUDIES:
        pairs += both_ways('我在学习' + zh + '。', 'I am studying ' + en + '.') + both_ways('我学习' + zh + '。', 'I study ' + en + '.')
    return [tuple(pair) for pair in pairs]


def splits():
    """{'train': pairs, 'dev': pairs, 'test': pairs}. Pairs whose English is the same but for case and the final mark stay together."""
    d, known = Dice(20170612), first_tries()
    translation, groups = {}, {}  # groups: the English to its pairs

    def add(zh, en):
        if translation.setdefault(zh, en) != en:
            raise SystemExit(f'toy_corpus.py: {zh} is both "{translation[zh]}" and "{en}": a sentence must have one translation')
        group = groups.setdefault(unmarked(en).casefold(), [])
        if (zh, en) not in group:
            group.append((zh, en))

    for pair in known:
        add(*pair)
    spoken_for = set(groups)
    for name, (share, rules) in CONSTRUCTIONS.items():
        enough = len(translation) + share
        for _ in range(20 * share):
            if len(translation) >= enough:
                break
            zh, en = derive(*d.pick(rules), d)
            en = capital(en) if en[-1] in '.?' else en
            add(*((unmarked(zh), unmarked(en)) if d.chance(0.15) else (zh, en)))

    apart = {key: row for key, pairs in groups.items() for row in HELD_OUT if any(row[0] in zh and row[1] in zh for zh, _ in pairs)}
    free = d.shuffled(key for key in groups if key not in apart and key not in spoken_for)
    parts = {'dev': [], 'test': []}
    for part, size in (('dev', DEV), ('test', TEST)):
        each = round(size * HELD_OUT_SHARE / len(HELD_OUT))
        for row in HELD_OUT:
            mine = d.shuffled(key for key in apart if apart[key] == row)[:each]
            parts[part] += [d.pick(groups.pop(key)) for key in mine]
            for key in mine:
                del apart[key]
        while len(parts[part]) < size:
            parts[part].append(d.pick(groups.pop(free.pop())))
    train = [pair for key in spoken_for if key in groups and key not in apart for pair in groups[key]]
    train = sorted(train) + d.shuffled(pair for key in free for pair in groups[key])
    print(len(translation), len(train), {r: sum(v == r for v in apart.values()) for r in HELD_OUT}) if '-v' in sys.argv else 0
    parts['train'] = train[:TRAIN]
    return {part: d.shuffled(pairs) for part, pairs in parts.items()}


def faults(parts):
    """What is wrong with the corpus, a sentence each."""
    seen = {side: {unmarked(pair[side]).casefold() for pair in parts['train']} for side in (0, 1)}
    letters = {c for zh, _ in parts['train'] for c in zh}
    words = {word for _, en in parts['train'] for word in re.findall(r"[\w'-]+", en.casefold())}
    for zh, en in parts['train']:
        for row in HELD_OUT:
            if row[0] in zh and row[1] in zh:
                yield f'train has {zh}, with {row[0]} and {row[1]} that are held apart'
    for part, pairs in parts.items():
        if len(set(pairs)) < len(pairs):
            yield f'{part} has a pair twice'
    for part in ('dev', 'test'):
        for pair in parts[part]:
            for side in (0, 1):
                if unmarked(pair[side]).casefold() in seen[side]:
                    yield f'{part} has {pair[side]}, which training or dev has too'
            strange = sorted(set(pair[0]) - letters) + sorted(set(re.findall(r"[\w'-]+", pair[1].casefold())) - words)
            if strange:
                yield f'{part} has {strange[0]}, which training has not'
        for side in (0, 1):
            seen[side] |= {unmarked(pair[side]).casefold() for pair in parts[part]}
    for zh, en in GREETINGS + SENTENCES + [['我爱中国', 'I love China'], ['机器学习', 'machine learning'], ['中国的首都是哪里？', 'Where is the capital of China?']]:
        if (zh, en) not in set(parts['train'][:]):
            yield f'train has not {zh}'


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [word for word in arguments if not word.startswith('-')]
    folder = folders[0] if folders else os.path.join(root, 'data', 'toy')
    parts = splits()
    complaints = list(faults(parts))
    if not complaints:
        os.makedirs(folder, exist_ok=True)
        for part, pairs in parts.items():
            for side, language in enumerate(('zh', 'en')):
                text = ''.join(pair[side] + '\n' for pair in pairs).encode()
                path = os.path.join(folder, part + '.' + language)
                if '--check' not in arguments:
                    with open(path, 'wb') as file:
                        file.write(text)
                elif not os.path.exists(path) or open(path, 'rb').read() != text:
                    complaints.append(f'{path} is not what the grammar derives')
    for complaint in complaints:
        print('toy_corpus.py:', complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
