import type { Grid } from "./grid";
import { neighbour } from "./layout";

/** Move the focus in the grid by arrows, Home, End, Page Up and Page Down. */
export function moveByKeys(grid: Grid): void {
  grid.host.addEventListener("keydown", (event) => {
    const from = grid.tileOf(event.target)?.number;
    if (from === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const to = target(grid, event.key, from);
    if (to === null) return;
    event.preventDefault();
    grid.focus(to);
  });
}

function target(grid: Grid, key: string, from: number): number | null {
  const rows = (count: number, direction: -1 | 1): number => {
    let at = from;
    for (let row = 0; row < count; row++) at = neighbour(grid.layout, at, direction);
    return at;
  };
  switch (key) {
    case "ArrowLeft":
      return from - 1;
    case "ArrowRight":
      return from + 1;
    case "ArrowUp":
      return rows(1, -1);
    case "ArrowDown":
      return rows(1, 1);
    case "PageUp":
      return rows(grid.rowsPerPage, -1);
    case "PageDown":
      return rows(grid.rowsPerPage, 1);
    case "Home":
      return 0;
    case "End":
      return grid.photos.length - 1;
    default:
      return null;
  }
}
