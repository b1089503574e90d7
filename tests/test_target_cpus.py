"""How many CPUs a service has: affinity, and quotas of both cgroup versions, at any level."""

from __future__ import annotations

from pathlib import Path

import pytest

from perftools.record import Cpus
from perftools.target import cpus
from tests.proctree import Tree

_V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
_V1 = "31 23 0:27 {top} /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
_HYBRID = _V1.format(top="/") + "32 23 0:28 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    made.write("sys/devices/system/cpu/online", "0-7\n")
    made.process(9, "python app.py", Cpus_allowed_list="0-127")
    return made


def effective(tree: Tree, *pids: int) -> Cpus:
    return cpus.effective(tree.proc, pids or (9,))


def test_all_that_are_online(tree: Tree) -> None:
    assert effective(tree) == Cpus(effective=8, source="CPUs online")


def test_the_affinity_of_all_workers_together(tree: Tree) -> None:
    tree.process(9, "python app.py", Cpus_allowed_list="0-1")
    tree.process(10, "python app.py", Cpus_allowed_list="1,6")
    assert effective(tree, 9, 10) == Cpus(effective=3, source="/proc/9/status Cpus_allowed_list")


def test_a_v2_quota_of_an_ancestor(tree: Tree) -> None:
    tree.write("proc/self/mountinfo", _V2)
    tree.write("proc/9/cgroup", "0::/system.slice/app.service/workers\n")
    tree.write("sys/fs/cgroup/system.slice/app.service/workers/cpu.max", "max 100000\n")
    tree.write("sys/fs/cgroup/system.slice/app.service/cpu.max", "150000 100000\n")
    tree.write("sys/fs/cgroup/system.slice/cpu.max", "400000 100000\n")
    assert effective(tree) == Cpus(effective=1.5, source="/sys/fs/cgroup/system.slice/app.service/cpu.max")


def test_a_quota_above_the_affinity_limits_nothing(tree: Tree) -> None:
    tree.process(9, "python app.py", Cpus_allowed_list="3")
    tree.write("proc/self/mountinfo", _V2)
    tree.write("proc/9/cgroup", "0::/a\n")
    tree.write("sys/fs/cgroup/a/cpu.max", "200000 100000\n")
    assert effective(tree).effective == 1


@pytest.mark.parametrize("mounts", [_V1.format(top="/"), _HYBRID])
def test_a_v1_quota(tree: Tree, mounts: str) -> None:
    tree.write("proc/self/mountinfo", mounts)
    tree.write("proc/9/cgroup", "4:memory:/other\n3:cpu,cpuacct:/a/b\n0::/unlimited\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "25000\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "50000\n")
    assert effective(tree) == Cpus(effective=0.5, source="/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us")


def test_inside_a_container_the_mount_is_the_group(tree: Tree) -> None:
    tree.write("proc/self/mountinfo", _V1.format(top="/docker/0f3c"))
    tree.write("proc/9/cgroup", "3:cpu,cpuacct:/docker/0f3c\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    assert effective(tree) == Cpus(effective=3, source="/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us")


@pytest.mark.parametrize("path", ["/../../elsewhere", "/", ""])
def test_a_group_that_we_cannot_see_limits_by_what_lies_above(tree: Tree, path: str) -> None:
    tree.write("proc/self/mountinfo", _V2)
    tree.write("proc/9/cgroup", f"0::{path}\n")
    tree.write("sys/fs/cgroup/cpu.max", "250000 100000\n")
    tree.write("elsewhere/cpu.max", "1 100000\n")
    assert effective(tree).effective == 2.5


@pytest.mark.parametrize("text", ["", "nonsense", "0 0", "-5 100000", "100000 0", "max"])
def test_a_file_that_says_no_quota(tree: Tree, text: str) -> None:
    tree.write("proc/self/mountinfo", _V2)
    tree.write("proc/9/cgroup", "0::/a\n")
    tree.write("sys/fs/cgroup/a/cpu.max", text)
    assert effective(tree).effective == 8
