/** Icons: paths in a 24 x 24 square, drawn with lines. */
const PATHS = Object.freeze({
  add: "M12 5v14M5 12h14",
  anaglyph: "M3.5 8.5h17v7.5h-6l-2.5-3.5-2.5 3.5h-6z",
  back: "M14.5 5.5 8 12l6.5 6.5",
  camera: "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 10a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 1 0 0-6.4",
  close: "M6 6l12 12M18 6L6 18",
  cross: "M3.5 4h17v7.5h-17zM12 4v7.5M7.5 14.5l9 6M16.5 14.5l-9 6",
  crop: "M7 3v14h14M3 7h14v14",
  dark: "M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z",
  down: "M6.5 9.5l5.5 5.5 5.5-5.5",
  export: "M12 4v11M7.5 10.5 12 15l4.5-4.5M4.5 15.5v4h15v-4",
  focus: "M4 8.5V4h4.5M15.5 4H20v4.5M20 15.5V20h-4.5M8.5 20H4v-4.5M12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 1 0 0-5.6",
  folder: "M3.5 6h6l2 2.5h9V18.5h-17z",
  headset: "M3.5 8h17v8.5h-5.5l-1.5-2.5h-3l-1.5 2.5H3.5z",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.2",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 1 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  look: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 1 0 0-5.6",
  mend: "M14.5 5l4.5 4.5L9 19.5l-5 .5.5-5zM12.5 7l4.5 4.5",
  one: "M4 6.5h16v11H4z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  play: "M8 5.5v13l10.5-6.5z",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 8.2v.1",
  redo: "M15 4.5 19.5 9 15 13.5M19.5 9H10a5.5 5.5 0 0 0 0 11h3",
  reset: "M5.5 8.5a7.5 7.5 0 1 1-1 3.5M5 4v4.5h4.5",
  sbs: "M3.5 6.5h17v11h-17zM12 6.5v11",
  screen: "M3.5 5h17v11h-17zM9 20h6M12 16v4",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13M15.5 15.5 20.5 20.5",
  set: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  tick: "M5 12.5l4.5 4.5L19 7",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13",
  undo: "M9 4.5 4.5 9 9 13.5M4.5 9H14a5.5 5.5 0 0 1 0 11h-3",
  up: "M6.5 14.5 12 9l5.5 5.5",
  wand: "M5 19 15 9M17.5 3v3M16 4.5h3M19.5 11v2.6M18.2 12.3h2.6M9.5 4.5v2.6M8.2 5.8h2.6",
  warn: "M12 4 21 19.5H3zM12 10v4.5M12 17v.2",
  wiggle: "M7.5 8 3.5 12l4 4M16.5 8l4 4-4 4M3.5 12h17",
});
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
