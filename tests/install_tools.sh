#!/usr/bin/env bash
# Make sure that what the tests read our files back with is there: ffprobe, exiftool and chromium; and on Debian and Ubuntu
# a Vulkan driver that needs no GPU: tests of drawing on a GPU are skipped without one.
set -eu

installed() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ! ls /usr/share/vulkan/icd.d/lvp_icd*.json >/dev/null 2>&1; then
    installed libvulkan1 mesa-vulkan-drivers ||
        echo "No Vulkan driver: tests of drawing on a GPU are skipped (apt install libvulkan1 mesa-vulkan-drivers)." >&2
fi
missing=()
command -v ffprobe >/dev/null || missing+=(ffmpeg)
command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
command -v chromium >/dev/null || missing+=(chromium)
if [ ${#missing[@]} != 0 ] && ! installed "${missing[@]}"; then
    echo "The tests want what is not on PATH: install ${missing[*]} (Debian: sudo apt install ${missing[*]})." >&2
    exit 1
fi
