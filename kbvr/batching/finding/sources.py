"""Find the photos that a batch was given: files, folders, globs, a list, and URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kbvr.batching.finding.list_file import listed_lines
from kbvr.batching.finding.search import SourceSearch
from kbvr.batching.source import Source
from kbvr.errors import InputError


def no_output(address: str) -> bool:  # noqa: ARG001  the predicate of a batch that has written nothing
    """Return False: nothing is an output."""
    return False


def find_sources(
    given: Sequence[str],
    *,
    recursive: bool = False,
    from_file: str | None = None,
    out: str | None = None,
    is_output: Callable[[str], bool] = no_output,
) -> Iterator[Source]:
    """Yield every photo that is meant, once, as it is found: one folder's listing is in memory at a time.

    Args:
        given: paths and URLs of photos and folders, and globs that no shell has expanded (`*`, `?`, `[...]`, and `**`
            for any number of folders). A path that exists is no glob.
        recursive: whether the subfolders of folders are scanned too.
        from_file: a text file with a path or URL in each line, relative to the working folder; "-" is standard
            input. Empty lines and those that begin with # are skipped. URLs in it are not looked up.
        out: the output folder, a path or a URL. If it is inside a folder that is scanned, it is not scanned.
        is_output: whether the file at an address is an output, which never becomes a source.

    A scan takes files by their suffixes (`PHOTO_SUFFIXES`), the files of a folder before its subfolders, each sorted by
    name. It skips hidden files and folders. Files that are given by name, that a list contains, or that a glob matches
    whose last name ends in a suffix without wildcards, are always taken.

    Where outputs go (`Source.folder`): files given by name go to the output folder itself. Photos of a folder keep
    their subfolders below it. If several folders are given, each keeps its own name as the first level, as with
    `cp -r`. Photos of a glob keep the folders that its wildcards stand for. The lines of a list keep their folders as
    they are written, as rsync does with a list: `a/b.jpg` goes to `a`, `/data/a/b.jpg` to `data/a`.

    Links: an address is the real path of a photo's folder with the photo's own name. A link is skipped if the photo or
    folder that it leads to is found anyway. Other links to folders are followed, each folder once, except for links to
    a folder that contains the given one.

    Raises:
        InputError: at once, if something that is given does not exist, a glob matches nothing, or the list cannot be
            read. A line of the list that does not exist becomes a source, which fails later. Later, if the list turns
            out to be no text.
    """
    if "" in given:
        raise InputError("expected a photo, a folder or a glob, got an empty argument")
    search = SourceSearch(given, recursive=recursive, out=out, is_output=is_output)
    lines = listed_lines(from_file) if from_file is not None else iter(())
    return search.found(lines)
