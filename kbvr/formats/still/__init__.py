"""Stereo pictures for viewers, headsets and bare eyes."""
