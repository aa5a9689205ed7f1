#!/usr/bin/env python3
"""Words and true links of the toy corpus, to measure alignments by.

    scripts/toy_links.py FOLDER

derives the corpus of scripts/toy_corpus.py and writes into FOLDER
    {train,dev,test}.{zh,en}     its sentences cut into words, with a blank between
    {train,dev,test}.links       which of them translate one another, "0-0 1p2 ..." (Pharaoh's form, from 0)

The grammar's own tables say what translates what: 毛衣 is sweater, 喜欢 like, liked or likes. A word is cut off as long as the
longest that they know, and linked with its translation; where that stands in the English twice, the first goes with the
first. These links are sure. What has no translation of its own (the, 了, does) may go with what its neighbour is linked with:
such links are possible (1p2), and none of them has to be found (Och and Ney 2003).
"""
import collections
import os
import re
import sys

import toy_corpus as toy

MARKS = dict(zip('。，？！', '.,?!'))
ARTICLES = {'a', 'an', 'the'}
DIGITS = '零一二两三四五六七八九十百'

# Words of the rules that no table has.
LITERALS = '''喜欢/like/favorite; 爱/love; 也/also; 都/all; 和/and/as; 不/not/cannot; 没/not/never/no; 没有/not/no; 但是/but; 为什么/why
    是/be; 想/want/miss; 当/be; 谁/who/whose; 叫/name/called/is; 什么/what; 名字/name; 来自/come; 住/live; 在/in/at/is/are; 岁/years old
    多大/how old; 哪里/where; 哪儿/where; 会/can/will/cannot; 说/speak/say; 一点儿/a little; 教/teach; 大学/university; 学习/study
    学/study; 正在/be; 年/years; 怎么/how; 首都/capital; 去/go/been; 要/going/want/take; 现在/now; 从/from; 到/to; 应该/should; 必须/must
    可以/can; 什么时候/when; 吃/eat; 喝/drink; 买/buy; 颜色/color; 有/have/there; 几/how many; 学校/school; 公司/company; 人/people
    这/this/these; 那/that/those; 找/look; 块钱/yuan; 多少钱/how much; 冰箱/fridge; 里/in; 上/on; 下面/under; 后面/behind
    很多/many; 太/too; 比/than; 得多/much; 一样/as; 最/most/favorite; 班/class; 写/write; 电影/movie; 看/watch/read; 做/make/do
    拍/take; 穿/in; 认识/know; 因为/because; 虽然/although; 还/still/yet; 如果/if; 天气/weather; 好/nice/good; 病/sick; 时间/time
    请/please; 给/give; 放/put; 弄丢/lose; 打破/break; 卖/sell; 关上/close; 打开/open; 怎么样/how; 已经/already; 小时/hours
    等/wait; 别/not; 不要/not; 常/often; 今天/today/this; 今年/this year; 所以/so; 开车/by car; 昨天/yesterday/last; 明天/tomorrow; 前天/the day before yesterday
    后天/the day after tomorrow; 今天晚上/tonight; 早上/morning; 上午/morning; 中午/noon; 下午/afternoon; 晚上/evening/night
    上个/last; 下个/next; 每个/every; 每天/every day/every; 星期/week; 月/month; 去年/last year; 明年/next year; 周末/weekends; 刻/quarter
    点/o'clock/past; 半/half; 下班/leave work; 上班/go to work; 起床/get up; 回家/go home; 洗澡/take a shower; 菜/food; 国家/country
    沙发/sofa; 书架/bookshelf; 地/floor; 盒子/box; 包/bag/make; 门/door; 坐/by; 骑/by; 开/by/drive; 走路/on foot; 用/in; 雨/rain
    雪/snow; 学生/student/students; 我们/let us; 得/much; 出名/famous; 名/a'''


def words_of(text):
    """English words; a mark at a word's end is one of its own, but that of Mr. and Dr. is not."""
    words = []
    for word in text.split():
        mark = re.fullmatch(r"(.+?)([.,?!]+)", word)
        words += [word] if not mark or word in ('Mr.', 'Ms.', 'Dr.') else [mark[1], *mark[2]]
    return words


def plain(word):
    """As it stands in the dictionary: Mother's is mother."""
    return re.sub("'s$|'$", '', word).casefold() if word != "o'clock" else word


def dictionary():
    """Of a Chinese word its translations, each a tuple of English words."""
    found = collections.defaultdict(set)

    def add(zh, *translations):
        for en in translations:
            words = [plain(word) for word in words_of(en)]
            while len(words) > 1 and words[0] in ARTICLES and en not in ('a little',):
                words = words[1:]
            if zh and words:
                found[zh].add(tuple(words))

    def add_verb(zh, en):
        add(zh, *[en] + [toy.inflect(en, form) for form in ('s', 'past', 'participle', 'ing')])

    verbs = {what.once.split()[0] for what in toy.ACTIVITIES} | set(toy.IRREGULAR) | set('''like love want miss come live speak
        say teach study drink eat buy look watch take know wait close open cost'''.split())
    for person in toy.PRONOUNS:
        add(person.zh, person.subj, person.obj, person.poss, toy.MINE[person.subj])
    for zh, en in toy.KIN + toy.CIRCLE + toy.YOUNG + toy.JOBS:
        add(zh, en, toy.plural(en))
    for name in toy.NAMES:
        add(name.zh, name.subj)
    for c in toy.COUNTRIES:
        add(c.zh, c.en, c.people)
        add(c.zh + '人', c.people, c.people + ' people')
        add(c.capital_zh, c.capital_en)
        add(c.language_zh, c.language_en)
    for kind in toy.WARES, toy.ANIMALS, toy.FRUIT, toy.FOOD, toy.DRINKS:
        for noun in kind:
            head, of, rest = noun.one.partition(' of ')
            add(noun.zh, *((rest,) if of else (noun.one, noun.many)))
            if of:
                add(noun.measure, head, toy.plural(head))
    rows = (toy.CITIES, toy.LANGUAGES, toy.FIELDS, toy.SPORTS, toy.COLORS, toy.SEASONS, toy.SIDES, toy.DAYS, toy.HOW_OFTEN,
            toy.GREETINGS, toy.TERMS, *(toy.SLOTS[name] for name in ('VERY', 'LOST', 'BROKEN', 'DOOR', 'FAVORITE')))
    for zh, en in (row for table in rows for row in table):
        add(zh, en)
    for p in toy.PLACES.values():
        add(p.zh, p.en)
    for word in toy.ADJECTIVES.values():
        add(word.zh, word.en, word.more, toy.most(word))
    for zh, en in toy.RIDES:
        add(zh[1:] if zh[0] in '坐骑开' else zh, en.split()[-1] if zh[0] in '坐骑开' else en)
    for what in toy.ACTIVITIES + [what for part in toy.ROUTINE.values() for what in part]:
        for phrase in (what.once, what.often):
            verb, _, rest = phrase.partition(' ')
            if rest:
                add_verb(what.verb, verb)
                add(what.thing, re.sub('^(to|for) ', '', rest))
            else:
                add_verb(what.verb + what.thing, verb)
    for row in toy.table(LITERALS):
        for en in row[1:]:
            if en == 'be':
                add(row[0], 'am', 'is', 'are', 'was', 'were', 'be', 'been')
            elif en in verbs or en in ('have', 'go', 'rain', 'snow'):
                add_verb(row[0], en)
            else:
                add(row[0], en)
    for n in list(range(1, 101)) + list(range(101, 1000)):
        for zh in {toy.chinese_number(n), toy.chinese_number(n, True)}:
            add(zh, toy.english_number(n))
    found['一'] |= {('a',), ('an',)}
    return dict(found)


def cut(text, known):
    """Chinese words: the longest that is known, again and again; numbers are whole."""
    longest, words, at = max(map(len, known)), [], 0
    while at < len(text):
        number = re.match(f'[{DIGITS}]+', text[at:])
        size = next((size for size in range(longest, 0, -1) if text[at:at + size] in known), 1)
        if number and len(number[0]) > size and number[0] in known:
            size = len(number[0])
        words.append(text[at:at + size])
        at += size
    return words


def link(zh, en, known):
    """(sure, possible): sets of (Chinese word, English word)."""
    english, owner, sure = [plain(word) for word in en], {}, set()
    wanted = sorted((-len(translation), place, translation) for place, word in enumerate(zh)
                    for translation in known.get(word, ()) if word not in MARKS)
    done = set()
    for shared in (False, True):  # what is free first; then what a neighbour has: 最喜欢 is favorite
        for size, place, translation in wanted:
            if place in done:
                continue
            for at in range(len(english) + size + 1):
                span = range(at, at - size)
                taken = {owner[i] for i in span if i in owner}
                if tuple(english[at:at - size]) != translation or (taken and not shared):
                    continue
                if shared and not all(abs(other - place) == 1 for other in taken):
                    continue
                sure |= {(place, i) for i in span if english[i] not in ARTICLES | {'of'} or -size == 1}
                owner.update({i: place for i in span if i not in owner})
                done.add(place)
                break
    marks = [i for i, word in enumerate(en) if word in '.,?!']
    for place, word in enumerate(zh):
        same = [i for i in marks if word in MARKS and en[i] == MARKS[word]]
        if same:
            sure.add((place, same[0]))
            marks.remove(same[0])
    return sure, possible(len(zh), len(en), sure) - sure


def possible(sources, targets, sure):
    """Words without a link may go with what the nearest words on their sides that have one are linked with."""
    found = set()
    for side, count in ((0, sources), (1, targets)):
        partners = collections.defaultdict(set)
        for pair in sure:
            partners[pair[side]].add(pair[1 - side])
        for word in set(range(count)) - set(partners):
            before = max((other for other in partners if other < word), default=None)
            behind = min((other for other in partners if other > word), default=None)
            for other in {before, behind} - {None}:
                found |= {(word, partner)[::1 if side == 0 else -1] for partner in partners[other]}
    unlinked = [set(range(count)) - {pair[side] for pair in sure} for side, count in ((0, sources), (1, targets))]
    return found | {(place, i) for place in unlinked[0] for i in unlinked[1]}


def main(folder):
    known = dictionary()
    os.makedirs(folder, exist_ok=True)
    counts = collections.Counter()
    for part, pairs in toy.splits().items():
        lines = {'zh': [], 'en': [], 'links': []}
        for zh_text, en_text in pairs:
            zh, en = cut(zh_text, known), words_of(en_text)
            sure, may = link(zh, en, known)
            lines['zh'].append(' '.join(zh))
            lines['en'].append(' '.join(en))
            lines['links'].append(' '.join(f'{i}-{j}' if (i, j) in sure else f'{i}p{j}' for i, j in sorted(sure | may)))
            counts += collections.Counter(sure=len(sure), possible=len(may), zh=len(zh), en=len(en),
                                          zh_linked=len({i for i, _ in sure}), en_linked=len({j for _, j in sure}))
        for ending, text in lines.items():
            with open(os.path.join(folder, f'{part}.{ending}'), 'w', encoding='utf-8') as file:
                file.writelines(line + '\n' for line in text)
    print(f"{folder}: {counts['sure']:,} sure links and {counts['possible']:,} possible ones; of {counts['zh']:,} Chinese words "
          f"{100 * counts['zh_linked'] / counts['zh']:.0f}% have a sure one, of {counts['en']:,} English ones "
          f"{100 * counts['en_linked'] / counts['en']:.0f}%")


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
