#!/usr/bin/env python3
"""The toy corpus: a small Chinese-English grammar that derives both sides of a sentence together.

    scripts/toy_corpus.py [FOLDER]            write {train,dev,test}.{zh,en}; FOLDER is data/toy unless told
    scripts/toy_corpus.py --check [FOLDER]    derive them again and compare; say what is wrong and exit 1

First the lexicon, then the English inflection, then one function a construction, then split and write.
A Chinese sentence has one translation only, so a model can get every word right; data/README.md has the rules.
"""
import os
import random
import re
import sys
from collections import namedtuple

TRAIN, DEV, TEST = 20000, 500, 500
HELD_OUT_SHARE = 0.12  # of dev and of test: sentences that put together what training has only apart

# No training sentence holds both strings of a row; dev and test do.
HELD_OUT = [
    ('首都', '埃及'), ('首都', '泰国'), ('比', '叔叔'), ('会说', '俄语'), ('正在', '图书馆'), ('红色', '椅子'),
    ('沙发', '地图'), ('六十七', '岁'), ('星期四', '没'), ('如果', '博物馆'), ('的雨伞', '昨天'), ('把', '手表'),
]

# ---------------------------------------------------------------- lexicon


def table(text):
    """One row a line, its cells two spaces or more apart."""
    return [re.split(r'  +', line.strip()) for line in text.strip().splitlines()]


Person = namedtuple('Person', 'zh subj obj poss agr many')  # agr: which form of a verb follows, I, you, sg or pl
Noun = namedtuple('Noun', 'zh measure one many bare kind')  # 'glass of water', 'glasses of water', 'water'
Place = namedtuple('Place', 'zh name at measure')
Country = namedtuple('Country', 'zh en capital_zh capital_en people language_zh language_en')
Adjective = namedtuple('Adjective', 'zh en more')
Activity = namedtuple('Activity', 'verb object once often places')  # once: 'read a book', often: 'read books'

PRONOUNS = [Person(*row, row[0].endswith('们')) for row in table('''
    我    I     me    my     I
    你    you   you   your   you
    他    he    him   his    sg
    她    she   her   her    sg
    我们  we    us    our    pl
    你们  you   you   your   pl
    他们  they  them  their  pl
    她们  they  them  their  pl
''')]
I, YOU, HE, SHE, WE, YOU_ALL, THEY, THEY_F = PRONOUNS
MINE = {'我': 'mine', '你': 'yours', '他': 'his', '她': 'hers', '我们': 'ours', '他们': 'theirs'}


def called(zh, en, agr='sg'):
    return Person(zh, en, en, en + ("'" if agr == 'pl' and en.endswith('s') else "'s"), agr, agr == 'pl')


NAMES = [called(zh, en) for zh, en in table('''
    小明  Xiaoming
    小红  Xiaohong
    汤姆  Tom
    玛丽  Mary
    约翰  John
    安娜  Anna
    王先生  Mr. Wang
    张女士  Ms. Zhang
    李医生  Dr. Li
''')]
KIN = table('''
    爸爸  father
    妈妈  mother
    爷爷  grandfather
    奶奶  grandmother
    叔叔  uncle
    阿姨  aunt
    哥哥  older brother
    姐姐  older sister
    弟弟  younger brother
    妹妹  younger sister
    儿子  son
    女儿  daughter
''')
CIRCLE = table('''
    朋友  friend
    老师  teacher
    同学  classmate
    同事  colleague
    邻居  neighbor
''')
JOBS = table('''
    老师  teacher  teachers
    医生  doctor  doctors
    护士  nurse  nurses
    工程师  engineer  engineers
    律师  lawyer  lawyers
    司机  driver  drivers
    作家  writer  writers
    歌手  singer  singers
    画家  painter  painters
    科学家  scientist  scientists
    厨师  cook  cooks
    经理  manager  managers
    记者  reporter  reporters
    演员  actor  actors
    程序员  programmer  programmers
    学生  student  students
''')
YOUNG = table('''
    学生  student  students
    男孩  boy  boys
    女孩  girl  girls
''')

COUNTRIES = [Country(*row) for row in table('''
    中国  China  北京  Beijing  Chinese  汉语  Chinese
    美国  the United States  华盛顿  Washington  American  英语  English
    英国  the United Kingdom  伦敦  London  British  英语  English
    法国  France  巴黎  Paris  French  法语  French
    德国  Germany  柏林  Berlin  German  德语  German
    日本  Japan  东京  Tokyo  Japanese  日语  Japanese
    韩国  South Korea  首尔  Seoul  Korean  韩语  Korean
    俄罗斯  Russia  莫斯科  Moscow  Russian  俄语  Russian
    意大利  Italy  罗马  Rome  Italian  意大利语  Italian
    西班牙  Spain  马德里  Madrid  Spanish  西班牙语  Spanish
    葡萄牙  Portugal  里斯本  Lisbon  Portuguese  葡萄牙语  Portuguese
    希腊  Greece  雅典  Athens  Greek  希腊语  Greek
    埃及  Egypt  开罗  Cairo  Egyptian  阿拉伯语  Arabic
    泰国  Thailand  曼谷  Bangkok  Thai  泰语  Thai
    越南  Vietnam  河内  Hanoi  Vietnamese  越南语  Vietnamese
    印度  India  新德里  New Delhi  Indian  英语  English
    加拿大  Canada  渥太华  Ottawa  Canadian  英语  English
    澳大利亚  Australia  堪培拉  Canberra  Australian  英语  English
    巴西  Brazil  巴西利亚  Brasilia  Brazilian  葡萄牙语  Portuguese
    墨西哥  Mexico  墨西哥城  Mexico City  Mexican  西班牙语  Spanish
    奥地利  Austria  维也纳  Vienna  Austrian  德语  German
    波兰  Poland  华沙  Warsaw  Polish  波兰语  Polish
    瑞典  Sweden  斯德哥尔摩  Stockholm  Swedish  瑞典语  Swedish
''')]
CITIES = [(c.capital_zh, c.capital_en) for c in COUNTRIES] + [
    ('上海', 'Shanghai'), ('广州', 'Guangzhou'), ('成都', 'Chengdu'), ('纽约', 'New York'), ('悉尼', 'Sydney')]
LANGUAGES = list(dict.fromkeys((c.language_zh, c.language_en) for c in COUNTRIES)) + [('中文', 'Chinese')]
FIELDS = table('''
    机器学习  machine learning
    深度学习  deep learning
    人工智能  artificial intelligence
    神经网络  neural networks
    自然语言处理  natural language processing
    机器翻译  machine translation
    语言模型  language models
    计算机科学  computer science
    计算机视觉  computer vision
    编程  programming
    数学  math
    物理  physics
    化学  chemistry
    生物  biology
    历史  history
    文学  literature
    哲学  philosophy
    经济学  economics
    语言学  linguistics
    艺术  art
''')


def nouns(kind, text):
    return [Noun(*row, row[3], kind) if len(row) == 4 else Noun(*row, kind) for row in table(text)]


READING = nouns('reading', '''
    书  本  book  books
    小说  本  novel  novels
    词典  本  dictionary  dictionaries
    杂志  本  magazine  magazines
    报纸  份  newspaper  newspapers
''')
SMALL = nouns('goods', '''
    手机  部  phone  phones
    手表  块  watch  watches
    包  个  bag  bags
    雨伞  把  umbrella  umbrellas
    杯子  个  cup  cups
    盘子  个  plate  plates
    地图  张  map  maps
    照片  张  photo  photos
    票  张  ticket  tickets
    笔  支  pen  pens
    铅笔  支  pencil  pencils
    相机  台  camera  cameras
    钱包  个  wallet  wallets
    钥匙  把  key  keys
    礼物  件  gift  gifts
    玩具  个  toy  toys
''')
LARGE = nouns('goods', '''
    电脑  台  computer  computers
    自行车  辆  bicycle  bicycles
    汽车  辆  car  cars
    桌子  张  table  tables
    椅子  把  chair  chairs
    床  张  bed  beds
''')
CLOTHES = nouns('clothes', '''
    衬衫  件  shirt  shirts
    毛衣  件  sweater  sweaters
    大衣  件  coat  coats
    裙子  条  skirt  skirts
    帽子  顶  hat  hats
    鞋  双  pair of shoes  pairs of shoes  shoes
''')
ANIMALS = nouns('animals', '''
    猫  只  cat  cats
    狗  只  dog  dogs
    鸟  只  bird  birds
    马  匹  horse  horses
    羊  只  sheep  sheep
    猴子  只  monkey  monkeys
    熊猫  只  panda  pandas
    老虎  只  tiger  tigers
    大象  头  elephant  elephants
''')
FRUIT = nouns('fruit', '''
    苹果  个  apple  apples
    香蕉  根  banana  bananas
    橙子  个  orange  oranges
    西瓜  个  watermelon  watermelons
    桃子  个  peach  peaches
    葡萄  串  bunch of grapes  bunches of grapes  grapes
''')
FOOD = nouns('food', '''
    鸡蛋  个  egg  eggs
    米饭  碗  bowl of rice  bowls of rice  rice
    面条  碗  bowl of noodles  bowls of noodles  noodles
    饺子  盘  plate of dumplings  plates of dumplings  dumplings
    汤  碗  bowl of soup  bowls of soup  soup
    面包  片  slice of bread  slices of bread  bread
    蛋糕  块  piece of cake  pieces of cake  cake
    巧克力  块  piece of chocolate  pieces of chocolate  chocolate
    牛肉  块  piece of beef  pieces of beef  beef
    鱼  条  fish  fish
''')
DRINKS = nouns('drinks', '''
    水  杯  glass of water  glasses of water  water
    茶  杯  cup of tea  cups of tea  tea
    咖啡  杯  cup of coffee  cups of coffee  coffee
    牛奶  杯  glass of milk  glasses of milk  milk
    果汁  杯  glass of juice  glasses of juice  juice
    啤酒  瓶  bottle of beer  bottles of beer  beer
''')
GOODS = SMALL + LARGE
WARES = READING + GOODS + CLOTHES
NOUN = {noun.zh: noun for noun in WARES + ANIMALS + FRUIT + FOOD + DRINKS}
COLORS = [('红色', 'red'), ('白色', 'white'), ('黑色', 'black'), ('蓝色', 'blue'), ('绿色', 'green'), ('黄色', 'yellow')]

PLACES = {row[0]: Place(*row) for row in table('''
    学校  school  at school  所
    家  home  at home  个
    图书馆  library  at the library  座
    公园  park  in the park  个
    医院  hospital  at the hospital  家
    机场  airport  at the airport  座
    火车站  train station  at the train station  个
    商店  store  at the store  家
    超市  supermarket  at the supermarket  家
    饭馆  restaurant  at the restaurant  家
    咖啡馆  coffee shop  at the coffee shop  家
    书店  bookstore  at the bookstore  家
    银行  bank  at the bank  家
    宾馆  hotel  at the hotel  家
    邮局  post office  at the post office  家
    电影院  cinema  at the cinema  家
    博物馆  museum  at the museum  座
    动物园  zoo  at the zoo  个
    工厂  factory  at the factory  家
    大学  university  at the university  所
    办公室  office  in the office  间
    教室  classroom  in the classroom  间
    厨房  kitchen  in the kitchen  间
''')}
ROOMS = [PLACES[zh] for zh in ('办公室', '教室', '厨房')]
BUILDINGS = [p for p in PLACES.values() if p.zh != '家' and p not in ROOMS]
WORKPLACES = [p for p in BUILDINGS if p.zh not in ('公园', '学校', '火车站')]
SIDES = [('旁边', 'next to'), ('后面', 'behind'), ('前面', 'in front of'), ('对面', 'across from')]
SPOTS = table('''
    桌子上  on the table
    椅子上  on the chair
    床上  on the bed
    沙发上  on the sofa
    书架上  on the bookshelf
    地上  on the floor
    包里  in the bag
    盒子里  in the box
    桌子下面  under the table
    椅子下面  under the chair
    床下面  under the bed
    门后面  behind the door
''')

ADJECTIVES = {row[0]: Adjective(*row) for row in table('''
    高  tall  taller
    年轻  young  younger
    聪明  smart  smarter
    忙  busy  busier
    高兴  happy  happier
    累  tired  more tired
    饿  hungry  hungrier
    渴  thirsty  thirstier
    健康  healthy  healthier
    友好  friendly  friendlier
    大  big  bigger
    小  small  smaller
    新  new  newer
    旧  old  older
    贵  expensive  more expensive
    便宜  cheap  cheaper
    漂亮  beautiful  more beautiful
    可爱  cute  cuter
    有意思  interesting  more interesting
    无聊  boring  more boring
    有用  useful  more useful
    重要  important  more important
    难  difficult  more difficult
    容易  easy  easier
    好吃  tasty  tastier
    新鲜  fresh  fresher
    热  hot  hotter
    冷  cold  colder
    暖和  warm  warmer
    凉快  cool  cooler
    干净  clean  cleaner
    安静  quiet  quieter
    有名  famous  more famous
''')}
SUITS = {kind: [ADJECTIVES[zh] for zh in words.split()] for kind, words in {
    'person': '高 年轻 聪明 忙 高兴 累 健康 友好', 'mood': '忙 高兴 累 饿 渴', 'reading': '有意思 无聊 有用 贵 便宜 新 旧',
    'goods': '大 小 新 旧 贵 便宜 漂亮', 'clothes': '新 旧 贵 便宜 漂亮', 'animals': '大 小 聪明 可爱', 'fruit': '大 小 便宜 新鲜',
    'food': '好吃 贵 便宜', 'drinks': '贵 便宜', 'field': '有意思 有用 重要 难 容易', 'language': '难 容易 有用 有意思',
    'city': '大 漂亮 安静 干净 有名', 'weather': '热 冷 暖和 凉快', 'building': '大 小 新 旧 漂亮 干净 安静'}.items()}
BARE_ADJECTIVES = '大小新旧'  # 新书, but 有意思的书

ACTIVITIES = [Activity(verb, '' if obj == '-' else obj, once, once if often == '=' else often, places.split())
              for verb, obj, once, often, places in table('''
    看  书  read a book  read books  图书馆 家 公园 咖啡馆 教室
    看  报纸  read the newspaper  =  家 咖啡馆 办公室
    看  电视  watch TV  =  家 宾馆
    看  电影  watch a movie  watch movies  电影院 家
    听  音乐  listen to music  =  家 公园 咖啡馆
    喝  咖啡  drink coffee  =  咖啡馆 办公室 家
    喝  茶  drink tea  =  办公室 家
    吃  早饭  eat breakfast  =  家 学校 宾馆
    吃  午饭  eat lunch  =  饭馆 学校 办公室
    吃  晚饭  eat dinner  =  家 饭馆
    做  作业  do homework  =  家 图书馆 教室
    做  饭  cook  =  家 厨房
    打  篮球  play basketball  =  学校 公园
    打  网球  play tennis  =  学校 公园
    踢  足球  play soccer  =  学校 公园
    弹  钢琴  play the piano  =  家 学校
    弹  吉他  play the guitar  =  家 公园
    下  棋  play chess  =  公园 家
    玩  游戏  play games  =  家
    唱  歌  sing  =  公园 教室 家
    跳  舞  dance  =  公园 家
    跑  步  run  =  公园 学校
    游  泳  swim  =  学校 宾馆
    散  步  take a walk  take walks  公园
    爬  山  go hiking  =  -
    睡  觉  sleep  =  家 宾馆
    洗  澡  take a shower  take showers  家
    上  班  go to work  =  -
    开  会  have a meeting  have meetings  办公室 大学
    开  车  drive  =  -
    骑  自行车  ride a bicycle  =  公园
    画  画  paint  =  家 公园 教室
    写  信  write a letter  write letters  家 办公室
    打  电话  make a phone call  make phone calls  办公室 家
    聊  天  chat  =  咖啡馆 办公室 家
    拍  照  take photos  =  公园 博物馆 动物园
    打扫  房间  clean the room  =  宾馆 家
    洗  衣服  wash clothes  =  家
    买  东西  go shopping  =  -
    买  水果  buy fruit  =  超市 商店
    买  书  buy a book  buy books  书店
    等  朋友  wait for a friend  wait for friends  机场 火车站 咖啡馆
    包  饺子  make dumplings  =  家 厨房
    修  自行车  repair a bicycle  repair bicycles  家 工厂
    准备  考试  prepare for the exam  prepare for exams  图书馆 家
    照顾  孩子  take care of the children  =  家 医院
    工作  -  work  =  银行 医院 工厂 大学 博物馆 邮局
    休息  -  rest  =  家 宾馆 公园
    锻炼  -  exercise  =  公园 家
''')]
MEALTIME = {'早饭': '早上', '午饭': '中午', '晚饭': '晚上', '觉': '晚上', '班': '早上', '山': '早上', '澡': '晚上'}
SKILLS = [a for a in ACTIVITIES if a.object in ('饭', '篮球', '网球', '足球', '钢琴', '吉他', '棋', '歌', '舞', '泳', '车', '画')
          or a.once == 'ride a bicycle']
STUDY = [Activity('学习', zh, 'study ' + en, 'study ' + en, ['学校', '大学', '图书馆', '家']) for zh, en in LANGUAGES + FIELDS]

WEEKDAYS = table('''
    星期一  Monday
    星期二  Tuesday
    星期三  Wednesday
    星期四  Thursday
    星期五  Friday
    星期六  Saturday
    星期天  Sunday
''')
PAST = table('''
    昨天  yesterday
    前天  the day before yesterday
    昨天下午  yesterday afternoon
    昨天晚上  last night
    今天早上  this morning
''') + [('上个' + zh, 'last ' + en) for zh, en in WEEKDAYS]
FUTURE = table('''
    明天  tomorrow
    后天  the day after tomorrow
    明天早上  tomorrow morning
    明天下午  tomorrow afternoon
    今天晚上  tonight
''') + [('下个' + zh, 'next ' + en) for zh, en in WEEKDAYS]
HABIT = table('''
    每天  every day
    每天早上  every morning
    每天下午  every afternoon
    每天晚上  every evening
    周末  on weekends
''') + [('每个' + zh, 'every ' + en) for zh, en in WEEKDAYS]
LONG_PAST = [('上个星期', 'last week'), ('上个月', 'last month'), ('去年', 'last year')]
LONG_FUTURE = [('下个星期', 'next week'), ('下个月', 'next month'), ('明年', 'next year')]
HOW_OFTEN = [('经常', 'often'), ('总是', 'always'), ('有时候', 'sometimes'), ('很少', 'rarely'), ('从来不', 'never')]
PART_OF_DAY = {'早上': ('in the morning', (6, 7, 8, 9)), '上午': ('in the morning', (9, 10, 11)),
               '下午': ('in the afternoon', (1, 2, 3, 4, 5)), '晚上': ('in the evening', (6, 7, 8, 9))}
SEASONS = [('春天', 'spring'), ('夏天', 'summer'), ('秋天', 'autumn'), ('冬天', 'winter')]
RIDES = table('''
    坐火车  by train
    坐飞机  by plane
    坐地铁  by subway
    坐公共汽车  by bus
    坐出租车  by taxi
    骑自行车  by bicycle
    开车  by car
    走路  on foot
''')

# What people type first. Always in training, with and without the final mark.
GREETINGS = '''你好 hello; 您好 hello; 大家好 hello everyone; 谢谢 thank you; 谢谢你 thank you; 非常感谢 thank you very much;
    多谢 thanks a lot; 再见 goodbye; 明天见 see you tomorrow; 早上好 good morning; 下午好 good afternoon; 晚上好 good evening;
    晚安 good night; 对不起 sorry; 没关系 it does not matter; 不客气 you are welcome; 欢迎 welcome; 恭喜 congratulations;
    生日快乐 happy birthday; 新年快乐 happy new year; 圣诞快乐 merry Christmas; 祝你好运 good luck; 加油 come on;
    你好，世界 hello, world; 欢迎来到中国 welcome to China; 当然 of course; 是的 yes; 不是 no; 好的 okay'''
TERMS = '''世界 world; 首都 capital; 国家 country; 城市 city; 语言 language; 翻译 translation; 中国人 Chinese people;
    神经机器翻译 neural machine translation; 数据 data; 模型 model; 计算机 computer; 互联网 Internet; 科学 science; 音乐 music;
    爱 love; 家人 family; 朋友 friend; 时间 time; 今天 today; 天气 weather; 名字 name; 问题 question; 红色 red; 白色 white;
    黑色 black; 蓝色 blue; 绿色 green; 黄色 yellow; 男孩 boy; 女孩 girl; 孩子 child; 水果 fruit; 食物 food'''
SENTENCES = '''你叫什么名字？ What is your name?; 你好吗？ How are you?; 我很好。 I am fine.; 我爱你。 I love you.;
    我也爱你。 I love you too.; 我想你。 I miss you.; 认识你很高兴。 Nice to meet you.; 很高兴认识你。 Nice to meet you.;
    你是谁？ Who are you?; 这是什么？ What is this?; 那是什么？ What is that?; 现在几点？ What time is it now?;
    今天星期几？ What day is it today?; 多少钱？ How much is it?; 这个多少钱？ How much is this?; 你在做什么？ What are you doing?;
    你要去哪里？ Where are you going?; 我不知道。 I do not know.; 我知道。 I know.; 我不明白。 I do not understand.;
    我明白了。 I understand.; 你会说英语吗？ Can you speak English?; 我不会说中文。 I cannot speak Chinese.; 请坐。 Please sit down.;
    请进。 Please come in.; 请等一下。 Please wait a moment.; 请帮帮我。 Please help me.; 请再说一遍。 Please say it again.;
    请说慢一点。 Please speak more slowly.; 别担心。 Do not worry.; 我饿了。 I am hungry.; 我渴了。 I am thirsty.; 我累了。 I am tired.;
    我病了。 I am sick.; 我迷路了。 I am lost.; 洗手间在哪里？ Where is the restroom?; 今天天气很好。 The weather is nice today.;
    今天天气怎么样？ How is the weather today?; 你今天好吗？ How are you today?; 我是学生。 I am a student.; 我没有时间。 I do not have time.;
    这是我的名片。 This is my business card.; 我在学习中文。 I am studying Chinese.; 你来自哪里？ Where are you from?;
    你多大了？ How old are you?; 我们走吧。 Let us go.; 祝你生日快乐。 Happy birthday to you.; 知识就是力量。 Knowledge is power.;
    时间就是金钱。 Time is money.; 熟能生巧。 Practice makes perfect.; 我爱世界和平。 I love world peace.; 世界很大。 The world is big.;
    我爱机器翻译。 I love machine translation.; 什么是机器学习？ What is machine learning?; 什么是人工智能？ What is artificial intelligence?;
    什么是神经网络？ What is a neural network?; 什么是自然语言处理？ What is natural language processing?'''


def phrases(text):
    return [item.strip().split(' ', 1) for item in text.replace('\n', ' ').split(';')]


# ---------------------------------------------------------------- English forms

IRREGULAR = {base: (past, participle) for base, past, participle in table('''
    be  was  been
    break  broke  broken
    buy  bought  bought
    do  did  done
    drink  drank  drunk
    drive  drove  driven
    eat  ate  eaten
    feed  fed  fed
    get  got  gotten
    give  gave  given
    go  went  gone
    have  had  had
    lose  lost  lost
    make  made  made
    put  put  put
    read  read  read
    ride  rode  ridden
    run  ran  run
    see  saw  seen
    sing  sang  sung
    sleep  slept  slept
    speak  spoke  spoken
    swim  swam  swum
    take  took  taken
    teach  taught  taught
    write  wrote  written
''')}
DOUBLED = ('chat', 'get', 'put', 'run', 'swim')  # chatting
BE = {'I': 'am', 'you': 'are', 'sg': 'is', 'pl': 'are'}


def inflect(phrase, form):
    """The phrase with its first word, a verb, in form s, past, participle or ing."""
    verb, space, rest = phrase.partition(' ')
    stem = verb + verb[-1] if verb in DOUBLED else verb[:-1] if verb.endswith('e') else verb
    sibilant = verb.endswith(('s', 'sh', 'ch', 'o'))
    y = verb.endswith('y') and verb[-2] not in 'aeiou'
    if form == 's':
        verb = 'has' if verb == 'have' else verb + 'es' if sibilant else verb[:-1] + 'ies' if y else verb + 's'
    elif form == 'ing':
        verb = verb + 'ing' if verb in ('be', 'see') else stem + 'ing'
    elif verb in IRREGULAR:
        verb = IRREGULAR[verb][form == 'participle']
    else:
        verb = verb[:-1] + 'ied' if y else stem + 'ed'
    return verb + space + rest


def clause(who, tense, predicate, no=False, ask=False, adverb=''):
    """'he reads books', 'he does not read books', 'does he read books'; tense may be any modal verb too."""
    one = who.agr == 'sg'
    if tense in ('past', 'habit'):
        plain = not (no or ask)
        helper = '' if plain else 'did' if tense == 'past' else 'does' if one else 'do'
        form = '' if not plain else 'past' if tense == 'past' else 's' if one else ''
        predicate = inflect(predicate, form) if form else predicate
    else:
        helper = {'be': BE[who.agr], 'was': 'was' if one or who.agr == 'I' else 'were', 'now': BE[who.agr],
                  'going': BE[who.agr], 'perfect': 'has' if one else 'have'}.get(tense, tense)
        predicate = (inflect(predicate, 'ing') if tense == 'now' else inflect(predicate, 'participle') if tense == 'perfect'
                     else 'going to ' + predicate if tense == 'going' else predicate)
    helper, negation = ('cannot', '') if helper == 'can' and no and not ask else (helper, 'not' if no else '')
    words = [helper, who.subj] if ask else [who.subj, helper]
    return ' '.join(word for word in words + [negation, adverb, predicate] if word)


def a(phrase):
    return ('an ' if phrase[0] in 'aeiou' and not phrase.startswith('uni') else 'a ') + phrase


def most(adjective):
    return adjective.more.replace('more', 'most') if adjective.more.startswith('more') else adjective.more[:-1] + 'st'


def are(noun):
    """Whether the bare noun takes 'are'."""
    return noun.bare != noun.many or noun.many.endswith('s') if noun.bare.endswith('s') else noun.bare == 'sheep'


def english_number(n):
    small = ('zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen '
             'eighteen nineteen').split()
    tens = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split()
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
    return ('两' if n // 100 == 2 else digits[n // 100]) + '百' + tail


def counted(n, noun, adjective=None, color=None):
    """(三本新书, three new books); one is a."""
    zh_word, en_word = color or (adjective.zh, adjective.en) if color or adjective else ('', '')
    zh = zh_word + ('的' if zh_word and zh_word not in BARE_ADJECTIVES else '') + noun.zh
    en = (en_word + ' ' if en_word else '') + (noun.one if n == 1 else noun.many)
    return chinese_number(n, True) + noun.measure + zh, a(en) if n == 1 else english_number(n) + ' ' + en
