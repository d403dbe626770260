"""Stereo pictures for viewers, headsets and the naked eye."""
