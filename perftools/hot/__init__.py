"""Pure: Samples -> CPU seconds by stack, whose frames they are, and shares with intervals."""

from perftools.hot.collecting import COLLECTING, blamed_ms, without_collections
from perftools.hot.frames import Frame, Owner, classify, cut_at_process_entry, waits
from perftools.hot.interval import Interval, Strand, share, wilson
from perftools.hot.profile import Profile, profile

__all__ = [
    "COLLECTING",
    "Frame",
    "Interval",
    "Owner",
    "Profile",
    "Strand",
    "blamed_ms",
    "classify",
    "cut_at_process_entry",
    "profile",
    "share",
    "waits",
    "wilson",
    "without_collections",
]
