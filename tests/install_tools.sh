#!/usr/bin/env bash
# Make sure that ffprobe is there: the tests read videos back with it.
set -eu

if command -v ffprobe >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends ffmpeg >/dev/null
    exit 0
fi
echo "The tests want ffprobe, and it is not on PATH: install ffmpeg (Debian, Ubuntu: sudo apt install ffmpeg)." >&2
exit 1
