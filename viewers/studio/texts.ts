/** All English of the page, for translation. */

const app = {
  name: "kbvr studio",
  home: "kbvr studio: all photos",
  modes: { look: "Look", set: "Set", mend: "Mend", export: "Export" },
  panel: "Tools",
  tools: "Page",
  close: "Close",
  undo: "Undo",
  redo: "Redo",
  undone: "Undone",
  redone: "Redone",
  help: "Keyboard shortcuts",
  light: "Light colours",
  dark: "Dark colours",
  raiseSheet: "More space for tools",
  lowerSheet: "More space for the picture",
  changedElsewhere: "These settings were changed in another tab. This tab now shows the other tab's settings.",
};

const server = {
  gone: "kbvr has been stopped. Start it again with `kbvr studio`: a new page opens, and this one can be closed.",
  saved: "All settings are saved.",
  unsaved: "The last changes on this page are not saved; they are lost when it is closed.",
  back: "Connected again.",
  failed: (status: number) => `The server could not do this (${status}).`,
};

const projects = {
  label: "Photos",
  add: "Add photos",
  remove: (name: string) => `Remove ${name}`,
  removed: (name: string, isInTrash: boolean) =>
    `Removed ${name}. ${isInTrash ? "Its folder is in the trash." : "Its files stay where they are."}`,
  bringBack: "Bring back",
  back: (name: string) => `${name} is back.`,
};

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

const start = {
  title: "Turn a photo into 3D",
  lead: "One photo becomes a wiggle, a stereo video, an anaglyph or a scene to walk around in.",
  drop: "Drop photos here",
  dropPhone: "Choose a photo to begin",
  pick: "Choose photos",
  pickPhone: "Open the camera roll",
  folder: "Choose a folder",
  paste: "You can also paste a picture from the clipboard.",
  private: "Your photos stay on this computer.",
  privatePhone: "Your photos go to the computer that runs kbvr, and nowhere else.",
  recent: "Your photos",
  examples: "Try an example",
  uploads: "Files that are being added",
  pasted: "pasted picture",
  adding: (count: number) => (count === 1 ? "Adding a photo" : `Adding ${count} photos`),
  sending: (share: number) => (share < 1 ? `Adding, ${Math.round(100 * share)}%` : "Adding"),
  dismiss: (name: string) => `Hide ${name}`,
  empty: "This file is empty.",
  noneInFolder: (kinds: string) => `There is no photo in this folder${kinds && `: kbvr reads ${kinds}`}.`,
  leftOut: (photos: number, others: number) =>
    `${photos === 1 ? "1 photo" : `${photos} photos`}; ` +
    `${others === 1 ? "1 other file was" : `${others} other files were`} left out.`,
  unread: (count: number) =>
    count === 1 ? "A dropped file or folder could not be read." : `${count} dropped files or folders could not be read.`,
  tooLarge: (limit: number) => `This file is too large: the limit is ${megabytes(limit)}.`,
};

const stages = {
  waiting: "Waiting",
  reading: "Reading the photo",
  depth: "Estimating depth",
  triangles: "Building the scene",
  ready: "Ready",
  failed: "Failed",
};

const stage = {
  label: "Picture",
  viewsLabel: "What is shown",
  views: { photo: "Photo", depth: "Depth", layers: "Layers", scene: "3D" },
  depthOf: (name: string) => `Depth of ${name}: bright is near`,
  layersOf: (count: number) => `${count} layers of the scene, pulled apart`,
  scene: (name: string) => `${name} in 3D. Arrow keys look around, plus and minus zoom, 0 returns.`,
  tools: "View",
  invented: "Show what is invented",
  recentre: "Reset the view",
  recentred: "View reset",
  hint: { mouse: "Move the mouse to look around", drag: "Drag to look around" },
  headset: "View in a headset",
  noHeadset: "No headset was found. Connect one to this computer, or open this page in the headset's browser.",
  transport: "Move",
  play: "Play",
  pause: "Pause",
  scrubber: "Time",
  seconds: (value: number) => `${value.toFixed(1)} s`,
  eyesLabel: "How to look at it here",
  eyes: { one: "Flat", wiggle: "Sway", anaglyph: "Coloured glasses", sbs: "Side by side", cross: "Cross-eyed" },
};

const look = {
  outputs: "What to make",
  output: {
    wiggle: { label: "Wiggle", detail: "A loop that shows depth without glasses" },
    kenburns: { label: "Ken Burns", detail: "A video in which the camera moves" },
    stereo: { label: "Stereo video", detail: "For headsets and 3D screens" },
    anaglyph: { label: "Anaglyph loop", detail: "A loop for coloured glasses" },
    still: { label: "Still", detail: "A stereo picture" },
  },
  headsetCard: "Headset",
  headset: "The scene appears around you, at its true size.",
  invented: "What the photo hides, kbvr has to invent. This tints it.",
  explanation: "Why it looks like this",
  comfort: "Viewing comfort",
  comfortStereo: "Viewing comfort as a stereo video",
  verdicts: {
    comfortable: "Comfortable",
    some: "Too strong for some people",
    many: "Too strong for many people",
  },
  comfortHelp: (percent: number) =>
    percent < 1
      ? "All of the depth is within what eyes can tolerate."
      : `${percent}% of the picture is beyond what eyes can tolerate. A smaller amount of depth in Set helps.`,
  chart: (low: number, high: number) =>
    `Spread of the parallax. The comfortable range is from ${low.toFixed(1)}% to ${high.toFixed(1)}% of the width.`,
  near: "In front",
  screen: "Screen",
  far: "Behind",
};

const percent = (value: number) => Math.round(100 * value);

const set = {
  title: "Settings",
  resetAll: "Reset all",
  resetOne: (label: string) => `Reset: ${label}`,
  presets: "Presets",
  presetNames: {
    quest: "Quest",
    "youtube-vr180": "YouTube VR180",
    "tv-3d": "3D television",
    blog: "Blog",
    instagram: "Instagram",
    story: "Story",
    "looking-glass": "Looking Glass",
  } as Readonly<Record<string, string>>,
  presetDetails: {
    quest: "Stereo video for the headset",
    "youtube-vr180": "Half a sphere around you",
    "tv-3d": "Side by side, half width",
    blog: "A wiggle of at most 2 MB",
    instagram: "Ken Burns, 4:5",
    story: "Ken Burns, 9:16",
    "looking-glass": "Many views for the display",
  } as Readonly<Record<string, string>>,
  strength: "Strength",
  strengths: {
    gentle: { label: "Gentle", detail: "Calm, hardly any flaws" },
    normal: { label: "Normal", detail: "A good balance" },
    bold: { label: "Bold", detail: "Large moves" },
  },
  move: "Move",
  depth: "Depth",
  lens: "Depth of field",
  lensHelp: "Blur is drawn while the picture is at rest, not while it moves.",
  previewed: (option: string, before: string, after: string) =>
    `The picture shows “${after}” now, because “${option}” does nothing in “${before}”.`,
  rests: "The move is paused: blur is drawn while the picture is at rest.",
  sharpAt: (distance_m: number) => (distance_m < 1000 ? `Sharp at ${distance_m.toFixed(1)} m` : "Sharp far away"),
  sharpSomewhere: "Sharp where you clicked",
  sharpReset: "Let kbvr choose what is sharp",
  aspect: "Shape",
  asPhoto: "Photo",
  tools: {
    crops: {
      label: "Set start and end",
      about: "Choose where a Ken Burns move starts and ends.",
      end: "Done",
      how: "Drag a frame, or a corner to resize it.",
    },
    focus: {
      label: "Click what is sharp",
      about: "The rest becomes blurred, as with a large lens.",
      end: "Cancel",
      how: "Click a place in the photo. Escape cancels.",
    },
    screen: {
      label: "Click what is at the screen",
      about: "Nearer things come out of the screen; farther ones are behind it.",
      end: "Cancel",
      how: "Click a place in the photo. Escape cancels.",
    },
  },
  crops: {
    label: "Start and end of the move",
    from_crop: "Start of the move",
    to_crop: "End of the move",
    short: { from_crop: "Start", to_crop: "End" },
    reset: "Choose start and end automatically",
    gone: "Start and end of the move are chosen automatically again: they do not go with this. Undo brings them back.",
    ofWholePhoto: "Start and end are parts of the whole photo, so its shape is the photo's again.",
    at: ({ x, y, share }: { readonly x: number; readonly y: number; readonly share: number }) =>
      `${percent(share)}% of the photo, ${percent(x)}% from the left, ${percent(y)}% from the top`,
  },
  pick: {
    focus: "Choose what is sharp: move with the arrow keys, confirm with Enter",
    screen: "Choose what is at the screen: move with the arrow keys, confirm with Enter",
    done: {
      focus: (depth_m: number) => `Sharp at ${depth_m.toFixed(1)} m`,
      screen: (depth_m: number) => `The screen is at ${depth_m.toFixed(1)} m`,
    },
  },
  all: "All options",
  search: "Search options",
  found: (count: number) => (count === 1 ? "1 option" : `${count} options`),
  changed: (count: number) => `${count} changed`,
  automatic: (text: string) => `Automatic: ${text}.`,
  none: "Automatic",
  other: "Other…",
  chosenWithout: (text: string) => (text ? text.charAt(0).toUpperCase() + text.slice(1) : "Automatic"),
  otherOf: (label: string) => `${label}: other`,
  automaticNumber: (value: number) => `Automatic (${Number(value.toPrecision(3))})`,
  choiceHelp: (choice: string, text: string) => `${choice}: ${text}. `,
};

const keys = {
  title: "Keyboard shortcuts",
  space: "Space",
  groups: [
    {
      title: "Everywhere",
      keys: [
        ["O", "Choose photos"],
        ["Ctrl V", "Paste a picture"],
        ["[ ]", "Previous or next photo"],
        ["Alt 1–4", "Look, Set, Mend, Export"],
        ["Ctrl Z", "Undo"],
        ["Ctrl Shift Z", "Redo"],
        ["?", "This list"],
      ],
    },
    {
      title: "Picture",
      keys: [
        ["1 2 3 4", "Photo, depth, layers, 3D"],
        ["Space", "Play or pause"],
        ["E", "Next way to look at it"],
        ["I", "Show what is invented"],
        ["V", "View in a headset"],
        ["← → ↑ ↓", "Look around (with the picture focused)"],
        ["+ -", "Zoom"],
        ["0", "Reset the view"],
      ],
    },
    {
      title: "Mend",
      keys: [
        ["S L W", "Click, lasso, wall"],
        ["N F T", "Nearer, farther, flatten"],
        ["M E K", "Smooth, sharpen, sky"],
        ["B", "Last brush"],
        ["[ ]", "Brush size; with Shift, strength"],
        [", .", "Pull the selection nearer, push it back"],
        ["I", "Select everything else"],
        ["Esc", "Select nothing"],
        ["X", "Compare with the automatic depth"],
        ["H", "Hide or show the 3D picture"],
        ["+ - 0", "Zoom, whole photo"],
      ],
    },
    {
      title: "Start and end of a move",
      keys: [
        ["← → ↑ ↓", "Move a frame; with Shift, faster"],
        ["+ -", "Resize a frame"],
        ["Esc", "Done"],
      ],
    },
  ],
} as const;

const mend = {
  title: "Mend the depth",
  hint: "Something looks wrong? Click it, then pull it nearer or push it back.",
  notYet: "The depth is still being estimated. Then you can mend it here.",
  never: "This photo has no depth to mend: it failed, as the picture says.",
  stage: "Depth of the photo",
  canvas: "canvas",
  history: "History",
  zoom: "Zoom",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  whole: "Show the whole photo",
  overlay: "Photo or depth",
  compare: "Hold to compare with the automatic depth",
  inset: "Live 3D",
  insetShow: "Show the 3D picture",
  insetHide: "Hide the 3D picture",
  insetLarger: "Larger 3D picture",
  insetSmaller: "Smaller 3D picture",
  percent: (value: number) => `${percent(value)}%`,
  pointers: "Select",
  brushes: "Brushes",
  tools: {
    select: { label: "Click", help: "Click a thing to select it. Drag it down to pull it nearer, up to push it back." },
    lasso: { label: "Lasso", help: "Draw around a thing to select it." },
    line: { label: "Wall", help: "Draw a line along a wall or the floor." },
    nearer: { label: "Nearer", help: "Brings what you paint nearer." },
    farther: { label: "Farther", help: "Pushes what you paint back." },
    flatten: { label: "Flatten", help: "Gives what you paint the depth where the stroke begins." },
    smooth: { label: "Smooth", help: "Takes bumps away." },
    sharpen: { label: "Sharpen", help: "Puts the edges of the depth on the edges of the photo." },
    infinity: { label: "Sky", help: "Makes what you paint infinitely far." },
  },
  brushing: (name: string) =>
    `${name} brush. Arrow keys move it, Enter paints a dot, Space paints while it is held.`,
  selecting: "Arrow keys move the mark, Enter selects what is there. Shift adds, Alt removes.",
  size: "Size",
  sizeText: (share: number) => `${(200 * share).toFixed(share < 0.02 ? 1 : 0)}% of the photo`,
  strength: "Strength",
  hardness: "Hardness",
  edges: "Stay within edges",
  inside: "Only inside the selection",
  pressure: "Pen pressure changes the size",
  lineLabel: "What the line does",
  lineUses: { surface: "Select the surface", straighten: "Straighten it" },
  howLabel: "What a click does",
  hows: { new: "Select", add: "Add", remove: "Remove" },
  selection: "Selection",
  nothing: "Nothing is selected yet. Click a thing in the photo.",
  selected: (share: number) => `Selected ${share < 1 ? share.toFixed(1) : Math.round(share)}% of the photo`,
  nothingSelected: "Nothing is selected",
  selectMore: "Select more",
  selectLess: "Select less",
  invert: "Select everything else",
  clear: "Select nothing",
  pull: "Pull nearer",
  push: "Push back",
  pulled: "Pulled nearer",
  pushed: "Pushed back",
  distanceLabel: "Distance: left is farther, right is nearer",
  distance: (factor: number) =>
    factor < 1 ? `${Math.round(100 * (1 - factor))}% nearer` : `${factor.toFixed(2)} times as far`,
  dragIt: "Drag the slider, or the selection itself.",
  actions: {
    upright: "Upright",
    flatten: "Flatten",
    plane: "Plane",
    "cut-out": "Cut out",
    infinity: "Sky",
  },
  done: {
    upright: "It stands upright",
    flatten: "Flattened",
    plane: "It is a plane now",
    "cut-out": "Its edge is clean now",
    infinity: "It is infinitely far now",
  },
  protect: "Protect",
  unprotect: "No longer protect it",
  unprotectAll: "Protect nothing",
  protected: "Protected: brushes leave it alone",
  unprotected: "No longer protected",
  reset: "Start again",
  resetQuestion: "Return to the automatic depth?",
  resetYes: "Use the automatic depth",
  resetNo: "Keep what is mended",
  wasReset: "The automatic depth is back. Undo returns to what was mended.",
};

const exporting = {
  title: "Export",
  purposes: "What is it for?",
  purpose: {
    blog: { label: "Blog or chat", detail: "A wiggle that shows depth without glasses" },
    headset: { label: "VR headset", detail: "A stereo video for Quest and others" },
    phone: { label: "Phone story", detail: "A moving picture, upright" },
    page: { label: "Web page", detail: "A scene to look around in, in one file" },
    program: { label: "3D program", detail: "A GLB for Blender, engines and AR" },
    tv: { label: "3D television", detail: "A stereo video, side by side" },
    glasses: { label: "Red-cyan glasses", detail: "An anaglyph to print or show" },
    display: { label: "Light-field display", detail: "A quilt for Looking Glass" },
    vr180: { label: "YouTube VR180", detail: "Half a sphere around you" },
    depth: { label: "Depth map", detail: "16 bits, and a picture to look at" },
  },
  more: "More formats",
  moreChosen: (count: number) => `${count} chosen`,
  essentials: "Size, length and quality",
  essential: { max_size: "Largest size", seconds: "Length", quality: "Quality", animate_as: "Loop files" },
  essentialChoice: (name: "max_size" | "seconds" | "quality" | "animate_as", text: string) => {
    if (!text) return name === "animate_as" ? "All four" : "As it suits";
    const qualities: Readonly<Record<string, string>> = { 50: "Small files", 75: "Good", 90: "Fine", 100: "Best" };
    if (name === "max_size") return `${text.split("x")[0]} px`;
    if (name === "seconds") return `${text} s`;
    if (name === "quality") return qualities[text] ?? text;
    return text.toUpperCase().replaceAll(",", " and ");
  },
  photos: (count: number) => (count === 1 ? "1 photo" : `${count} photos`),
  pick: (name: string) => `Export ${name}`,
  pickAll: "All photos",
  pickOne: "Only this one",
  nothing: "Choose what to make",
  go: (exports: number, photos: number) => {
    const what = exports === 1 ? "Export" : `Export ${exports} kinds`;
    return photos === 1 ? what : `${what} of ${photos} photos`;
  },
  begun: (count: number, asked: number) => {
    if (count < asked) return `${count} of ${asked} exports ${count === 1 ? "has" : "have"} begun.`;
    return count === 1 ? "The export has begun." : `${count} exports have begun.`;
  },
  notBegun: (title: string, problem: string) => `${title || exporting.more}: ${problem}`,
  unusable: "This photo cannot be exported",
  notSaved: "The latest settings could not be saved, so nothing was made. Look at them in Set, then try again.",
  copy: { command: "Copy as command", python: "Copy as Python" },
  copied: { command: "The command was copied.", python: "The Python program was copied." },
  copiedShort: "Copied",
  queue: "Exports",
  states: { waiting: "Waiting", running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled" },
  ended: (title: string, state: "waiting" | "running" | "done" | "failed" | "cancelled", problem: string) =>
    [`${title}: ${exporting.states[state]}.`, problem].filter(Boolean).join(" "),
  progress: (stage: string, percent: number | null) => (percent === null ? stage : `${stage}, ${percent}%`),
  cancel: (title: string) => `Cancel: ${title}`,
  forget: (title: string) => `Remove from the list: ${title}. The files stay.`,
  retry: "Try again",
  goOn: "Continue",
  previewOf: (title: string) => `Preview: ${title}`,
  moreFiles: (count: number) => (count === 1 ? "1 more file" : `${count} more files`),
  open: "Open",
  enter: "Open the scene",
  download: "Download",
  size: (bytes: number) => (bytes >= 999_500 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`),
  copyFolder: "Copy the path of the folder",
  folderCopied: "The path was copied.",
};

export const texts = Object.freeze({
  app,
  server,
  projects,
  start,
  stages,
  stage,
  look,
  set,
  keys,
  mend,
  export: exporting,
});
