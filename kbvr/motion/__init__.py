"""How a camera moves in time. Others use `paths.moves_along`, `move.Move` and `frame_reuse`."""
