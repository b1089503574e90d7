"""Reads the catalogue once, when the service starts."""
import io
import random
import re

import pandas as pd

WORDS = "river cloud table green orbit lemon paper stone quick valley amber north linen copper maple".split()
TAGS = ["Garden", "Kitchen", "Office", "Travel", "Kids", "Sale"]


def export(count):
    rnd = random.Random(60)
    lines = ["title,text,price,tags"]
    for _ in range(count):
        text = " ".join(rnd.choices(WORDS, k=70))
        lines.append(f"{' '.join(rnd.sample(WORDS, 3))},{text},{rnd.uniform(2, 90):.2f},{';'.join(rnd.sample(TAGS, 3))}")
    return "\n".join(lines)


def load(count):
    frame = pd.read_csv(io.StringIO(export(count)))
    frame["price"] = frame["price"].apply(lambda price: round(price * 1.19, 2))
    articles, by_word = [], {}
    for number, row in frame.sort_values("title").reset_index(drop=True).iterrows():
        articles.append(row.to_dict())
        for word in set(re.findall(r"\w+", row["title"])):
            by_word.setdefault(word, set()).add(number)
    return articles, by_word
