"""Count the skipped tests of a JUnit file by reason; exit code 1 if live tests were skipped for lack of rights."""

import sys
from collections import Counter
from xml.etree import ElementTree

from tests.conftest import NO_RIGHT

tests = list(ElementTree.parse(sys.argv[1]).iter("testcase"))
reasons = Counter(skip.get("message", "") for test in tests for skip in test.iter("skipped"))
print(f"{len(tests)} tests, {reasons.total()} skipped")
for reason, count in reasons.most_common():
    print(f"{count:5}  {reason}")
if not tests or any(reason.startswith(NO_RIGHT) for reason in reasons):
    sys.exit("the live tests must run: this machine does not allow ptrace")
