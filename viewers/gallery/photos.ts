/** A photo as kbvr/gallery/gallery_photo.py describes it. Its texts come from its metadata: they are not to be trusted. */
export interface Photo {
  readonly key: string;
  readonly name: string;
  readonly folder: string;
  /** ISO 8601, a year or more; "" if it is not known. */
  readonly date: string;
  readonly title: string;
  readonly caption: string;
  readonly author: string;
  readonly copyright: string;
  readonly credit: string;
  /** [width, height], in pixels. */
  readonly size: readonly [number, number];
  /** Relative address of the loop, or null. */
  readonly wiggle: string | null;
  readonly hasScene: boolean;
  readonly files: readonly PhotoFile[];
}

export interface PhotoFile {
  readonly address: string;
  readonly label: string;
  readonly bytes: number;
}

/** A column of the table, as kbvr/gallery/photo_table.py writes it. */
type Column<Value> = readonly Value[] | { readonly all: Value } | { readonly values: readonly Value[]; readonly at: readonly number[] };

interface Columns {
  readonly key: Column<string>;
  readonly name: Column<string>;
  readonly folder: Column<string>;
  readonly date: Column<string>;
  readonly title: Column<string>;
  readonly caption: Column<string>;
  readonly author: Column<string>;
  readonly copyright: Column<string>;
  readonly credit: Column<string>;
  readonly size: Column<readonly [number, number]>;
  readonly scene: Column<boolean>;
  readonly base: Column<string>;
  readonly wiggle: Column<string | null>;
  readonly files: Column<readonly (readonly [ending: string, label: string])[]>;
  readonly bytes: Column<readonly number[]>;
}

/** Shape of the place of a photo whose size is not known. */
const UNKNOWN_SIZE = [3, 2] as const;

/** Return the photos in a table. */
export function photosIn(json: string): readonly Photo[] {
  const { count, columns } = JSON.parse(json) as { count: number; columns: Columns };
  return Array.from({ length: count }, (_, row) => photoAt(columns, row));
}

function photoAt(columns: Columns, row: number): Photo {
  const text = (name: "key" | "name" | "folder" | "date" | "title" | "caption" | "author" | "copyright" | "credit") =>
    valueOf(columns[name], row);
  const size = valueOf(columns.size, row);
  const base = valueOf(columns.base, row);
  const wiggle = valueOf(columns.wiggle, row);
  return {
    key: text("key"),
    name: text("name"),
    folder: text("folder"),
    date: text("date"),
    title: text("title"),
    caption: text("caption"),
    author: text("author"),
    copyright: text("copyright"),
    credit: text("credit"),
    size: size[0] > 0 && size[1] > 0 ? size : UNKNOWN_SIZE,
    wiggle: wiggle === null ? null : base + wiggle,
    hasScene: valueOf(columns.scene, row),
    get files() {
      const bytes = valueOf(columns.bytes, row);
      return valueOf(columns.files, row).map(([ending, label], i) => ({ address: base + ending, label, bytes: bytes[i]! }));
    },
  };
}

function valueOf<Value>(column: Column<Value>, row: number): Value {
  if (Array.isArray(column)) return column[row] as Value;
  const shared = column as { readonly all: Value } | { readonly values: readonly Value[]; readonly at: readonly number[] };
  return "all" in shared ? shared.all : shared.values[shared.at[row]!]!;
}

/** Captions that are longer are no titles. */
const TITLE_LENGTH = 90;

/** Return what a photo is called: by its title, by its caption if that is short, or by its name. */
export function titleOf({ title, caption, name }: Photo): string {
  return title || (caption.length <= TITLE_LENGTH && caption) || name;
}
