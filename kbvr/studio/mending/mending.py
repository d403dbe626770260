"""The editor of one project's depth: strokes, selections, what is done with them, undo and redo, and saving.

All methods can be called from any thread; a stroke or a drag of one page ends that of another.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, RLock
from time import monotonic

import numpy as np

from kbvr.errors import InputError, OutputError
from kbvr.imaging.array_types import Mask, Plane
from kbvr.studio.mending.automatic import Automatic
from kbvr.studio.mending.autosave import Autosave
from kbvr.studio.mending.box import Box
from kbvr.studio.mending.change import Change
from kbvr.studio.mending.gesture import Gesture
from kbvr.studio.mending.guide import Guide
from kbvr.studio.mending.history import History
from kbvr.studio.mending.patch import Patch, patch_of, usual_levels
from kbvr.studio.mending.regions import Action, acted, cut_out
from kbvr.studio.mending.scale import Scale
from kbvr.studio.mending.selection import Selection
from kbvr.studio.mending.store import DepthStore
from kbvr.studio.mending.stroke import Brush, Points, Stroke
from kbvr.studio.open_project import OpenProject

JOURNAL_EVERY_S = 1.0
"""A long stroke is written to the journal so often while it goes on."""

COMPACT_BYTES = 32_000_000
"""The journal is compacted when so many of its bytes can no longer be undone or redone."""


class Mending:
    """The editor of one project."""

    def __init__(self, project: OpenProject) -> None:
        """Open the editor: undo works as before the last end, and what a killed server has not saved is done again.

        Raises:
            OutputError: if the project's folder cannot be written.
        """
        self._project, self._automatic = project, Automatic(project.automatic_depth)
        self._lock, self._saving = RLock(), Lock()
        self._guide = Guide(project.photo.rgb)
        self._store = DepthStore(project.folder)
        self._history, self._values, self.note = History.opened(
            self._store.history, project.depth.inverse_depth, self._store.saved_step()
        )
        self._protected = self._store.protected(self.shape)
        self._selection = Selection(self._guide, self.scale)
        self._gesture: Gesture | None = None
        self._saved_step = self._history.step
        self._autosave = Autosave(self.flush)
        if self._values is not project.depth.inverse_depth:
            self._saved_step = -1
            self._publish()

    def follow_project(self) -> None:
        """Take a new automatic depth, which other options have; what has been mended stays."""
        with self._lock:
            if self._project.automatic_depth is self._automatic.depth:
                return
            self._end()
            is_mended = self._automatic.is_mended(self._values)
            self._automatic = Automatic(self._project.automatic_depth)
            self._selection.scale = self.scale
            if is_mended:
                self._saved_step = -1  # it has another focal length
                self._autosave.changed()
            else:
                self._values = self._automatic.values

    @property
    def scale(self) -> Scale:
        """The scale of the automatic depth."""
        return self._automatic.scale

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self._values.shape
        return height, width

    @property
    def revision(self) -> int:
        """The revision of the project's depth."""
        return self._project.depth_revision

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return self._history.can_redo

    @property
    def has_protected(self) -> bool:
        """Whether some pixels are protected."""
        return bool(self._protected.any())

    @property
    def inverse_depth(self) -> Plane:
        """The current map; it is not written to."""
        return self._values

    def whole(self, *, is_automatic: bool = False) -> Patch:
        """Return the whole map, or the automatic one."""
        values = self._automatic.values if is_automatic else self._values
        return self._patch(Box(0, 0, self.shape[1], self.shape[0]), values)

    def shown_levels(self) -> tuple[int, int]:
        """Return the levels between which nearly all of the automatic depth lies, for colours."""
        return usual_levels(self._automatic.values, self.scale)

    def stroke(
        self, name: str, brush: Brush, points: Points, *, is_last: bool, is_within_selection: bool = False
    ) -> Patch:
        """Draw on with the stroke of a name, which begins with its first points and ends with the last ones."""
        with self._lock:
            gesture = self._gesture_of(name)
            if gesture.stroke is None:
                selected = self._selection.mask if is_within_selection else None
                fixed = self._protected if selected is None else self._protected | ~selected
                gesture.stroke = Stroke(gesture.before, self._guide, brush, fixed, self.scale)
            box = gesture.stroke.extend(points)
            self._values = gesture.stroke.after
            gesture.box = gesture.box.joined(box)
            self._end_or_write(gesture, is_last=is_last)
            return self._patch(box, self._values)

    def act(self, name: str, action: Action, *, is_last: bool = True) -> Patch:
        """Do something with the selection; with the same name again, instead of what was done before.

        Raises:
            InputError: if nothing is selected, or it cannot be done.
        """
        with self._lock:
            region = self._selection.mask
            if region is None:
                raise InputError("Nothing is selected. Click something in the photo first.")
            gesture = self._gesture_of(name)
            if gesture.cut is None:
                gesture.cut = cut_out(gesture.before, region) if action.cuts_out else gesture.before
            try:
                after = acted(gesture.cut, region, action, self.scale)
            except InputError:
                self._end()
                raise
            self._values = np.where(self._protected, gesture.before, after)
            box = Box.of(self._values != gesture.before).joined(gesture.box)
            gesture.box = box
            self._end_or_write(gesture, is_last=is_last)
            return self._patch(box, self._values)

    def replace_by(self, make: Callable[[Plane], Plane]) -> Patch:
        """Replace the map by what a function returns for it; protected pixels stay."""
        with self._lock:
            gesture = self._gesture_of("")
            try:
                after = make(gesture.before)
            except InputError:
                self._end()
                raise
            self._values = np.where(self._protected, gesture.before, after)
            gesture.box = Box.of(self._values != gesture.before)
            self._end_or_write(gesture, is_last=True)
            return self._patch(gesture.box, self._values)

    def reset(self) -> Patch:
        """Return to the automatic depth, which can be undone; protected pixels too."""
        with self._lock:
            gesture = self._gesture_of("")
            self._values = self._automatic.values
            gesture.box = Box.of(self._values != gesture.before)
            self._end_or_write(gesture, is_last=True)
            return self._patch(gesture.box, self._values)

    def undo(self) -> Patch:
        """Undo the last stroke or action; an empty patch if there is none."""
        return self._follow(lambda: self._history.undo(self._values))

    def redo(self) -> Patch:
        """Do again what was undone last."""
        return self._follow(lambda: self._history.redo(self._values))

    def _follow(self, step: Callable[[], tuple[Plane, Box]]) -> Patch:
        with self._lock:
            self._end()
            values, box = step()
            if not box.is_empty:
                self._values = values
                self._publish()
            return self._patch(box, values)

    @property
    def selected(self) -> Mask | None:
        """What is selected."""
        return self._selection.mask

    def select(self, change: Callable[[Selection, Plane], None]) -> Mask | None:
        """Change the selection by a function, which is given it and the map; return it."""
        with self._lock:
            self._end()
            change(self._selection, self._values)
            return self._selection.mask

    def protect(self, *, is_protected: bool) -> None:
        """Protect what is selected from all changes, or allow them again; without a selection, the whole map.

        Raises:
            InputError: if nothing is selected to protect.
        """
        with self._lock:
            region = self._selection.mask
            if region is None and is_protected:
                raise InputError("Nothing is selected. Click something in the photo first.")
            if region is None:
                self._protected = np.zeros(self.shape, bool)
            else:
                self._protected = self._protected | region if is_protected else self._protected & ~region
            self._store.save_protected(self._protected)

    @property
    def protected(self) -> Mask:
        """Which pixels are protected."""
        return self._protected

    def flush(self) -> None:
        """Write the depth to the project's folder, if it has changed.

        Raises:
            OutputError: if it cannot be written.
        """
        with self._saving:
            with self._lock:
                gesture, step = self._gesture, self._history.step
                if step == self._saved_step:
                    return
                values = self._values if gesture is None else gesture.written
            is_mended = self._automatic.is_mended(values)
            if is_mended:
                self._store.save(self._automatic.with_values(values), step)
            else:
                self._store.save_unmended(step)
            self._saved_step = step
            with self._lock:
                if is_mended and step == self._history.step and self._history.wasted_bytes > COMPACT_BYTES:
                    self._history.compact()

    def close(self) -> None:
        """Save what has changed, and end."""
        with self._lock:
            self._end()
        self._autosave.close()
        self.flush()
        self._history.close()

    def _gesture_of(self, name: str) -> Gesture:
        """Return the gesture of a name; another one that goes on is ended."""
        if self._gesture is None or self._gesture.name != name or not name:
            self._end()
            self._gesture = Gesture(name, self._values, self._values)
        return self._gesture

    def _end_or_write(self, gesture: Gesture, *, is_last: bool) -> None:
        if is_last:
            self._end()
        elif gesture.stroke is not None and monotonic() - gesture.written_s > JOURNAL_EVERY_S:
            self._write(gesture)

    def _end(self) -> None:
        """End the gesture that goes on, if there is one."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None and not gesture.box.is_empty:
            self._write(gesture)
            if gesture.has_written:
                self._publish()

    def _write(self, gesture: Gesture) -> None:
        """Write what has changed since the last time to the journal."""
        change = Change.between(gesture.written, self._values, gesture.box)
        gesture.written_s = monotonic()
        if change is not None:
            try:
                self._history.add(change, joins=gesture.has_written)
            except OSError as error:
                self._values, self._gesture = gesture.written, None
                raise OutputError(f"cannot keep what was mended: {error.strerror or error}") from error
            gesture.written = self._values.copy()
            gesture.has_written = True
            self._autosave.changed()

    def _publish(self) -> None:
        """Give the project its new depth, from which its scene is made, and save it soon."""
        self._project.set_depth(
            self._automatic.with_values(self._values), is_mended=self._automatic.is_mended(self._values)
        )
        self._autosave.changed()

    def _patch(self, box: Box, values: Plane) -> Patch:
        return patch_of(box, values, self.scale)
