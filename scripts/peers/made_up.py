"""Made-up sentences with the lengths of those that dragoman bench makes up: log-normal, 13 pieces on average, and
nearly as many in the translation. Pieces follow Zipf's law, roughly."""
import math
import random

SHORTEST, LONGEST = 3, 40
MEAN_LENGTH = 14  # end of sentence counted
END = 0  # as in a MarianMT folder; the last id of the vocabulary fills up batches and begins translations


def words(dice, length, vocabulary):
    return [1 + int(math.exp(dice.random() * math.log(vocabulary - 2))) for _ in range(length)]


def pairs(count, vocabulary, seed=1):
    dice = random.Random(seed)

    def side(length):
        return words(dice, min(LONGEST, max(SHORTEST, round(length))), vocabulary) + [END]

    made = []
    for _ in range(count):
        length = 12.4 * math.exp(0.3 * dice.gauss(0, 1))
        made.append((side(length), side(length * math.exp(0.15 * dice.gauss(0, 1)))))
    return made


def windows(count, length, vocabulary, seed=1):
    """Of text alone, as pairs without a source."""
    dice = random.Random(seed)
    return [([], words(dice, length, vocabulary)) for _ in range(count)]
