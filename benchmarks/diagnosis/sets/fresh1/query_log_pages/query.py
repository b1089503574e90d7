"""word, "a phrase", -not, (a OR b), field:value"""


class QueryError(ValueError):
    pass


def tokens(text):
    i, n = 0, len(text)
    while i < n:
        c = text[i]
        if c.isspace():
            i += 1
        elif c in "()-":
            yield c, c
            i += 1
        elif c == '"':
            end = text.find('"', i + 1)
            if end < 0:
                raise QueryError("unbalanced quote at %d" % i)
            yield "phrase", text[i + 1:end]
            i = end + 1
        else:
            start = i
            while i < n and not text[i].isspace() and text[i] not in '()"':
                i += 1
            word = text[start:i]
            yield ("or", word) if word == "OR" else ("word", word)


def parse(text):
    stack = [[]]
    negate = False
    for kind, value in tokens(text):
        if kind == "(":
            stack.append([])
            continue
        if kind == ")":
            if len(stack) == 1:
                raise QueryError("unexpected )")
            node = ("group", stack.pop())
        elif kind == "-":
            negate = True
            continue
        elif kind == "or":
            node = ("or", None)
        else:
            name, colon, rest = value.partition(":")
            node = ("field", (name, rest)) if colon else (kind, value)
        stack[-1].append(("not", node) if negate else node)
        negate = False
    if len(stack) != 1:
        raise QueryError("missing )")
    return ("group", stack[0])


def terms(node):
    kind, value = node
    if kind == "group":
        for child in value:
            yield from terms(child)
    elif kind == "word":
        yield value
    elif kind == "phrase":
        yield from value.split()
    elif kind == "field":
        yield value[1]


def unparse(node):
    kind, value = node
    if kind == "group":
        return "(" + " ".join(unparse(child) for child in value) + ")"
    if kind == "not":
        return "-" + unparse(value)
    if kind == "field":
        return "%s:%s" % value
    return {"phrase": '"%s"', "word": "%s"}.get(kind, "OR") % value if kind != "or" else "OR"
