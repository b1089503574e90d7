"""Near-duplicate detection for user reviews."""
import random
import re
import string
from difflib import SequenceMatcher  # noqa: F401  (used by the CLI)

STOPWORDS = ["the", "a", "an", "and", "or", "of", "to", "in", "is", "it", "this", "that", "for", "on", "with", "was", "as", "at",
             "be", "by", "are", "from", "have", "has", "had", "not", "but", "they", "we", "you", "i", "he", "she", "his", "her"]


def normalise(text: str) -> list:
    out = ""
    for ch in text.lower():
        if ch in string.punctuation:
            out = out + " "
        else:
            out = out + ch
    words = re.compile(r"\s+").split(out)
    return [w for w in words if w != "" and w not in STOPWORDS]


def shingles(words: list, size: int = 2) -> list:
    found = []
    for i in range(0, len(words) - size + 1):
        s = " ".join(words[i : i + size])
        if s not in found:
            found.append(s)
    return found


def jaccard(a, b):
    if not a and not b:
        return 1.0
    common = [x for x in a if x in b]
    return len(common) / (len(a) + len(b) - len(common))


def duplicate_pairs(reviews, threshold=0.6):
    """(i, j, similarity) of all pairs of reviews that look like copies, i < j."""
    pairs = []
    for i in range(len(reviews)):
        for j in range(i + 1, len(reviews)):
            sim = jaccard(shingles(normalise(reviews[i])), shingles(normalise(reviews[j])))
            if sim >= threshold:
                pairs.append((i, j, sim))
    return pairs


def vocabulary(reviews, min_count=2):
    """Words by falling frequency, then alphabetically."""
    all_words = []
    for r in reviews:
        all_words = all_words + normalise(r)
    uniq = sorted(set(all_words))
    counted = [(all_words.count(w), w) for w in uniq]
    counted = [c for c in counted if c[0] >= min_count]
    return [w for _, w in sorted(counted, key=lambda c: (-c[0], c[1]))]


def bag_of_words(reviews, vocab):
    rows = []
    for review in reviews:
        row = [0] * len(vocab)
        for w in normalise(review):
            if w in vocab:
                row[vocab.index(w)] += 1
        rows.append(row)
    return rows


_WORDS = ("great product fast delivery broke after two days would buy again cheap quality box arrived damaged "
          "colour nothing like the picture my daughter loves it battery lasts long instructions were missing").split()


def _reviews(n, seed):
    rng = random.Random(seed)
    texts = []
    for _ in range(n):
        if texts and rng.random() < 0.2:
            texts.append(rng.choice(texts) + rng.choice(["!", " :)", " really", "..."]))
        else:
            texts.append(" ".join(rng.choice(_WORDS) for _ in range(rng.randrange(4, 18))).capitalize() + ".")
    return texts


CALLS = [
    ("duplicate_pairs", lambda: (_reviews(32, 1),)),
    ("duplicate_pairs", lambda: (_reviews(25, 2), 0.3)),
    ("duplicate_pairs", lambda: (["", "  ", "The!"],)),
    ("duplicate_pairs", lambda: ([],)),
    ("vocabulary", lambda: (_reviews(500, 3),)),
    ("vocabulary", lambda: (_reviews(3, 4), 1)),
    ("bag_of_words", lambda: (_reviews(600, 5), sorted(set(_WORDS)))),
    ("bag_of_words", lambda: (_reviews(10, 6), ["box", "cheap", "box"])),
    ("normalise", lambda: (" ".join(_reviews(80, 7)),)),
    ("normalise", lambda: ("…naïve!! «déjà-vu» \u00a0tab\there",)),
]
