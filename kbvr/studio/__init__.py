"""`kbvr studio`: photos become projects in a browser, where people look at them, set options, mend depth and export.

`studio.Studio` is what a server serves. `Library` knows the projects; `OpenProject` is one that people work on. Nothing
is imported here: the processes that decode photos and export start at once, and need no server.
"""
