"""What kbvr warns of during a piece of work."""

from __future__ import annotations

import logging

from kbvr.system.logged_warnings import logged_warnings

LOGGER = logging.getLogger("kbvr.formats")


def test_warnings_are_collected_in_one_line_each_and_only_meanwhile():
    LOGGER.warning("before")
    with logged_warnings() as warnings:
        LOGGER.warning("%s is dark\nand small", "cat.jpg")
        LOGGER.info("of no interest")
    LOGGER.warning("after")
    assert len(warnings) == 1
    assert warnings[0].startswith("cat.jpg is dark")
    assert "\n" not in warnings[0]
