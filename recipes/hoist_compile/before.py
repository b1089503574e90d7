import re


def token(header):
    found = re.compile(r"(?:bearer|token)\s+(\S+)", re.IGNORECASE).match(header)
    return found.group(1) if found else None
