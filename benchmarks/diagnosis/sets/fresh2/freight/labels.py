"""Labels in the printer's language, with a two-dimensional code as text."""
import base64
import hashlib
import re
import string
import textwrap
import unicodedata
import zlib
from xml.etree import ElementTree as ET

LAYOUT = string.Template("^XA^FO20,20^A0N,32^FD$name^FS^FO20,60^A0N,24^FD$street^FS^FO20,100^BQ^FD$code^FS^FO300,20^FD$hub^FS^XZ")
UNSAFE = re.compile(r"[\^~\\]")
ABBREVIATIONS = [(re.compile(r"\b%s\b" % a, re.I), b) for a, b in (("street", "St"), ("road", "Rd"), ("avenue", "Ave"), ("square", "Sq"))]
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_character(text):
    product = 36
    for character in text:
        total = (DIGITS.index(character) + product) % 36 or 36
        product = total * 2 % 37
    return DIGITS[(37 - product) % 36]


def tidy(text):
    text = unicodedata.normalize("NFKD", text)
    for pattern, short in ABBREVIATIONS:
        text = pattern.sub(short, text)
    return UNSAFE.sub("", text)[:60].title()


def customs(customer, row):
    root = ET.Element("declaration", customer=str(customer))
    for key in ("name", "street", "zone", "grams", "hub"):
        ET.SubElement(root, key).text = str(row[key])
    ET.SubElement(root, "value", currency="EUR").text = "%.2f" % row["price"]
    return ET.tostring(root)


def render(customer, number, row):
    document = customs(customer, row)
    reference = "%08d%04d%s" % (customer, number, row["hub"])
    reference += check_character(reference)
    digest = hashlib.sha256(document).hexdigest()[:12]
    code = base64.b32encode(zlib.compress(document, 6)).decode()
    return {
        "reference": reference,
        "seal": digest,
        "zpl": LAYOUT.substitute(name=tidy(row["name"]), street=tidy(row["street"]), code="/".join(textwrap.wrap(code, 24)), hub=row["hub"]),
    }
