#!/usr/bin/env bash
# Make sure that ffprobe is there, which the tests read videos back with, and on Debian and Ubuntu a Vulkan driver that
# needs no GPU: tests of drawing on a GPU are skipped without one.
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
if ! command -v ffprobe >/dev/null && ! installed ffmpeg; then
    echo "The tests want ffprobe, and it is not on PATH: install ffmpeg (Debian, Ubuntu: sudo apt install ffmpeg)." >&2
    exit 1
fi
