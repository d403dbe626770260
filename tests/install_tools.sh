#!/usr/bin/env bash
# Make sure that what the tests read our files back with is there: ffprobe, exiftool and chromium.
set -eu

missing=()
command -v ffprobe >/dev/null || missing+=(ffmpeg)
command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
command -v chromium >/dev/null || missing+=(chromium)
if [ ${#missing[@]} = 0 ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    exit 0
fi
echo "The tests want what is not on PATH: install ${missing[*]} (Debian: sudo apt install ${missing[*]})." >&2
exit 1
