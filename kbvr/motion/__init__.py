"""How a camera moves over time. Public: `paths.moves_along`, `move.Move` and `frame_reuse`."""
