/** Where photos are in the grid: rows of one height that fill the width, under the headings of their sections. */

export interface Measures {
  readonly width: number;
  /** Height of a row that all others come close to. */
  readonly rowHeight: number;
  readonly gap: number;
  /** Height of the text below each picture, with the space below that. */
  readonly textHeight: number;
  readonly headingHeight: number;
}

export interface Row {
  /** Number of its first photo, counted over all sections, and number of its photos. */
  readonly first: number;
  readonly count: number;
  /** From the top of the grid. */
  readonly top: number;
  /** Of its pictures. */
  readonly height: number;
  readonly section: number;
}

export interface Place {
  readonly row: number;
  readonly x: number;
  readonly width: number;
}

export interface Layout {
  readonly rows: readonly Row[];
  readonly places: readonly Place[];
  /** Tops of the sections. */
  readonly tops: readonly number[];
  readonly height: number;
}

/** Shapes (width / height) beyond these are cropped. */
const SHAPES = { min: 0.5, max: 3 };
/** A last row that does not fill the width is at most so much higher than others. */
const LAST_ROW_MAX = 1.15;

/** Return the layout of sections, each given by the shapes of its photos and whether it has a heading. */
export function layoutOf(
  sections: readonly { readonly shapes: readonly number[]; readonly hasHeading: boolean }[],
  measures: Measures,
): Layout {
  const rows: Row[] = [];
  const places: Place[] = [];
  const tops: number[] = [];
  let top = 0;
  for (const [section, { shapes, hasHeading }] of sections.entries()) {
    tops.push(top);
    if (hasHeading) top += measures.headingHeight;
    const clamped = shapes.map((shape) => Math.min(SHAPES.max, Math.max(SHAPES.min, shape)));
    for (let at = 0; at < clamped.length; ) {
      const { count, height } = rowFrom(clamped, at, measures);
      let x = 0;
      for (const shape of clamped.slice(at, at + count)) {
        places.push({ row: rows.length, x, width: shape * height });
        x += shape * height + measures.gap;
      }
      rows.push({ first: places.length - count, count, top, height, section });
      top += height + measures.textHeight;
      at += count;
    }
  }
  return { rows, places, tops, height: top };
}

/** Return how many photos the next row has, and its height: as many as bring it closest to the wanted height. */
function rowFrom(shapes: readonly number[], at: number, { width, rowHeight, gap }: Measures): { count: number; height: number } {
  let sum = 0;
  let before = Infinity;
  for (let count = 1; at + count <= shapes.length; count++) {
    sum += shapes[at + count - 1]!;
    const height = (width - (count - 1) * gap) / sum;
    if (height <= rowHeight) {
      const isBeforeCloser = before / rowHeight < rowHeight / height;
      return isBeforeCloser ? { count: count - 1, height: before } : { count, height };
    }
    before = height;
  }
  return { count: shapes.length - at, height: Math.min(before, LAST_ROW_MAX * rowHeight) };
}

/** Return the numbers of the first row that ends below a height, and of the one after the last that begins above another. */
export function rowsBetween(rows: readonly Row[], top: number, bottom: number, textHeight: number): readonly [number, number] {
  const first = firstRow(rows, (row) => row.top + row.height + textHeight > top);
  return [first, Math.max(first, firstRow(rows, (row) => row.top >= bottom))];
}

/** Return the number of the first row of which something is true that is true of all after it. */
function firstRow(rows: readonly Row[], isTrue: (row: Row) => boolean): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(rows[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Return the photo in the row above (-1) or below (1) that is closest, or the same one where there is no such row. */
export function neighbour({ rows, places }: Layout, photo: number, direction: -1 | 1): number {
  const from = places[photo]!;
  const row = rows[from.row + direction];
  if (!row) return photo;
  const distance = (at: number) => Math.abs(places[at]!.x + places[at]!.width / 2 - from.x - from.width / 2);
  let best = row.first;
  for (let at = row.first + 1; at < row.first + row.count; at++) if (distance(at) < distance(best)) best = at;
  return best;
}
