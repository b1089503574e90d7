"""Pure: Samples -> CPU seconds by stack, whose frames they are, and shares with intervals."""

from perftools.hot.frames import Frame, Owner, classify, waits
from perftools.hot.interval import Interval, Strand, share, wilson
from perftools.hot.profile import Profile, profile

__all__ = ["Frame", "Interval", "Owner", "Profile", "Strand", "classify", "profile", "share", "waits", "wilson"]
