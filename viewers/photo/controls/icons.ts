/** Icons of the buttons: paths in a 24 x 24 square, with a stroke width of 1.75. */
const PATHS = Object.freeze({
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  none: "M4 6.5h16v11H4z",
  anaglyph: "M3.5 8.5h17v7.5h-6l-2.5-3.5-2.5 3.5h-6z",
  sbs: "M3.5 6.5h17v11h-17zM12 6.5v11",
  cross: "M3.5 4h17v7.5h-17zM12 4v7.5M7.5 14.5l9 6M16.5 14.5l-9 6",
  wiggle: "M7.5 8 3.5 12l4 4M16.5 8l4 4-4 4M3.5 12h17",
  recentre: "M5.5 8.5a7.5 7.5 0 1 1-1 3.5M5 4v4.5h4.5",
  tilt: "M8 3.5h8v17H8zM3.5 9v6M20.5 9v6",
  drag: "M12 9a3 3 0 1 0 0 6 3 3 0 1 0 0-6M6.5 8.5 3 12l3.5 3.5M17.5 8.5 21 12l-3.5 3.5",
  save: "M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15",
  share: "M12 15V4M7.5 8 12 3.5 16.5 8M8 11.5H5.5v9h13v-9H16",
  headset: "M3.5 8h17v8.5h-5.5l-1.5-2.5h-3l-1.5 2.5H3.5z",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  unfull: "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.2",
  close: "M6 6l12 12M18 6L6 18",
  up: "M7 14l5-5 5 5",
  tick: "M5 12.5l4.5 4.5L19 7",
});
export type Icon = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

export function drawing(icon: Icon): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[icon]);
  svg.append(path);
  return svg;
}
