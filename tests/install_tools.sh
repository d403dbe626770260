#!/usr/bin/env bash
# Make sure that ffprobe and exiftool are there: the tests read files back with them.
set -eu

if command -v ffprobe >/dev/null && command -v exiftool >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends ffmpeg libimage-exiftool-perl >/dev/null
    exit 0
fi
echo "The tests want ffprobe and exiftool on PATH: install ffmpeg and ExifTool" \
    "(Debian, Ubuntu: sudo apt install ffmpeg libimage-exiftool-perl)." >&2
exit 1
