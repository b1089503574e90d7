import re


_PATTERN = re.compile(r"(?:bearer|token)\s+(\S+)", re.IGNORECASE)


def token(header):
    found = _PATTERN.match(header)
    return found.group(1) if found else None
