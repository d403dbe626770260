"""`kbvr studio`: photos become projects in a browser, where people look at them, set options, mend depth and export.

`Studio` is what a server serves. `Library` knows the projects; `OpenProject` is one that people work on.
"""

from kbvr.studio.page_routes import PAGE
from kbvr.studio.studio import Studio

__all__ = ["PAGE", "Studio"]
