/** All English of the page, for translation. */

const app = {
  name: "kbvr studio",
  modes: { look: "Look", set: "Set", mend: "Mend", export: "Export" },
  panel: "Tools",
};

const server = {
  gone: "kbvr has been stopped. Start it again with `kbvr studio`; nothing is lost.",
  back: "Connected again.",
  failed: (status: number) => `The server could not do this (${status}).`,
};

const projects = {
  label: "Projects",
};

const start = {
  title: "Turn a photo into 3D",
  drop: "Drop photos here",
  pick: "Choose photos",
};

const stage = {
  label: "Picture",
  views: { photo: "Photo", depth: "Depth", layers: "Layers", scene: "3D" },
};

const set = {
  title: "Settings",
};

const mend = {
  title: "Mend the depth",
};

const exporting = {
  title: "Export",
};

export const texts = Object.freeze({ app, server, projects, start, stage, set, mend, export: exporting });
