/** The stereo player: a page that shows stereo pictures and videos on flat screens and in headsets. */

import { Problem } from "../photo/problem";
import { Choices } from "./choices";
import { type Config, configOf, DEFAULTS } from "./config";
import { part } from "./dom";
import { listen } from "./gestures";
import { type KeyMap, press } from "./keys";
import { LAYOUTS } from "./layouts";
import { Painter } from "./painter";
import type { Show } from "./show";
import { openFile, openUrl, type Progress, type Source } from "./source";
import { Stage } from "./stage";
import { Transport } from "./transport";
import { VIEWS } from "./views";
import { hasHeadset, Immersion } from "./xr";

const IDLE_MS = 2500;
const KEY_TURN = 0.08;
const KEY_ZOOM = 1.15;

const page = document.documentElement;
const canvas = part("canvas", HTMLCanvasElement);
const file = part("file", HTMLInputElement);
const help = part("help", HTMLElement);
const welcome = part("welcome", HTMLElement);
const headset = part("headset", HTMLButtonElement);

function begin(config: Config): void {
  const show: Show = { source: null, layout: "mono", isSwapped: false, view: config.view };
  const painter = new Painter(canvas);
  const stage = new Stage(canvas, painter);
  const transport = new Transport();
  const choices = new Choices(show, changed);
  let immersion: Immersion | null = null;
  let isDrawing = false;
  let openings = 0;

  /** Draw at the browser's next frame. */
  function redraw(): void {
    if (isDrawing || immersion) return;
    isDrawing = true;
    requestAnimationFrame((nowMs) => {
      isDrawing = false;
      if (immersion) return;
      stage.draw(show, nowMs);
      if (stage.moves(show)) redraw();
    });
  }

  function changed(): void {
    const { source } = show;
    if (source) canvas.setAttribute("aria-label", `${source.name}. ${LAYOUTS[show.layout].title}, ${VIEWS[show.view].title}`);
    redraw();
  }

  /** Draw every new frame of a video. */
  function follow(video: HTMLVideoElement): void {
    video.requestVideoFrameCallback(() => {
      if (show.source?.video !== video) return;
      if (!immersion) painter.take([video]);
      redraw();
      follow(video);
    });
  }

  async function open(opening: (progress: Progress) => Promise<Source>, title?: string): Promise<void> {
    const turn = ++openings;
    say("");
    progress(0);
    try {
      const source = await opening((share) => turn === openings && progress(share));
      if (turn === openings) present(source, title ?? `${source.name} – kbvr`);
      else source.close();
    } catch (error) {
      if (turn === openings) say(wordsOf(error));
    }
    welcome.hidden = show.source !== null;
    if (turn === openings) progress(null);
  }

  function present(source: Source, title: string): void {
    show.source?.close();
    Object.assign(show, { source, layout: layoutFor(source, config), isSwapped: false });
    painter.take(source.pictures);
    stage.lookAhead();
    transport.take(source.video);
    if (source.video) follow(source.video);
    document.title = title;
    page.classList.add("loaded");
    part("bars", HTMLElement).hidden = false;
    choices.update();
    changed();
    wake();
  }

  async function enter(): Promise<void> {
    if (!show.source || immersion || headset.hidden || headset.disabled) return;
    headset.disabled = true;
    try {
      immersion = await Immersion.enter(painter, show, () => {
        immersion = null;
        stage.fit();
        if (show.source) painter.take(show.source.pictures);
        redraw();
      });
    } catch (error) {
      say(`Could not enter VR: ${error instanceof Error ? error.message : String(error)}`);
    }
    headset.disabled = false;
  }

  function turn(right: number, down: number, zoom: number): void {
    if (!LAYOUTS[show.layout].halfSphere) return;
    stage.turn(right, down, zoom);
    redraw();
  }

  const keys: KeyMap = {
    " ": () => transport.togglePlaying(),
    k: () => transport.togglePlaying(),
    ArrowLeft: () => transport.seek(-1),
    ArrowRight: () => transport.seek(1),
    m: () => transport.toggleSound(),
    l: () => transport.toggleLoop(),
    x: () => choices.toggleSwap(),
    a: () => turn(-KEY_TURN, 0, 1),
    d: () => turn(KEY_TURN, 0, 1),
    w: () => turn(0, -KEY_TURN, 1),
    s: () => turn(0, KEY_TURN, 1),
    "+": () => turn(0, 0, 1 / KEY_ZOOM),
    "=": () => turn(0, 0, 1 / KEY_ZOOM),
    "-": () => turn(0, 0, KEY_ZOOM),
    o: () => file.click(),
    f: toggleFullScreen,
    v: () => void enter(),
    "?": toggleHelp,
    Escape: () => help.hidden || toggleHelp(),
    ...Object.fromEntries(Object.keys(VIEWS).map((_, place) => [String(place + 1), () => choices.chooseView(place)])),
  };

  new ResizeObserver(() => {
    if (immersion) return;
    stage.fit();
    stage.draw(show, performance.now());
  }).observe(canvas);
  canvas.addEventListener("webglcontextlost", () => say("The graphics driver has stopped: please reload the page."));
  listen(canvas, { turned: turn, clicked: () => transport.togglePlaying() });
  canvas.addEventListener("dblclick", toggleFullScreen);
  addEventListener("keydown", (event) => press(event, keys));
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) addEventListener(event, wake);
  const openDropped = (dropped: File) => void open(() => openFile(dropped, painter.maxSidePx));
  receive(openDropped);
  part("full", HTMLButtonElement).onclick = toggleFullScreen;
  part("full", HTMLButtonElement).hidden = !document.fullscreenEnabled;
  headset.onclick = () => void enter();
  part("keys", HTMLButtonElement).onclick = toggleHelp;
  void hasHeadset().then((isThere) => (headset.hidden = !isThere));
  const { src } = config;
  // A server names the file in the title; its address may hold only the end of the name.
  if (src) void open((progress) => openUrl(src, painter.maxSidePx, progress), document.title === "kbvr" ? undefined : document.title);
  else welcome.hidden = false;
}

/** Return the initial layout of a source: from the address if possible, otherwise from the file or its name. */
function layoutFor(source: Source, config: Config): Show["layout"] {
  const isPair = source.pictures.length === 2;
  if (config.layout && LAYOUTS[config.layout].apart === isPair) return config.layout;
  return source.layout ?? (isPair ? "apart" : "mono");
}

/** Open files that are dropped on the page or chosen. */
function receive(open: (file: File) => void): void {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    page.classList.add("dropping");
  });
  addEventListener("dragleave", () => page.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    page.classList.remove("dropping");
    const dropped = event.dataTransfer?.files[0];
    if (dropped) open(dropped);
  });
  file.onchange = () => {
    const chosen = file.files?.[0];
    if (chosen) open(chosen);
    file.value = "";
  };
  document.querySelectorAll<HTMLButtonElement>("[data-opens]").forEach((button) => (button.onclick = () => file.click()));
}

let idle = 0;

/** Show the buttons until the page has been idle for a while. */
function wake(): void {
  clearTimeout(idle);
  page.classList.remove("idle");
  idle = setTimeout(() => page.classList.toggle("idle", page.classList.contains("loaded") && help.hidden === true), IDLE_MS);
}

function toggleHelp(): void {
  help.hidden = !help.hidden;
  part("keys", HTMLButtonElement).setAttribute("aria-expanded", String(!help.hidden));
}

function toggleFullScreen(): void {
  void (document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen());
}

function say(text: string): void {
  const said = document.querySelector("#said p");
  if (said) said.textContent = text;
}

function progress(share: number | null): void {
  const bar = part("progress", HTMLElement);
  bar.hidden = share === null;
  bar.style.setProperty("--share", String(share ?? 0));
  bar.setAttribute("aria-valuenow", String(Math.round(100 * (share ?? 0))));
}

function wordsOf(error: unknown): string {
  if (error instanceof Problem) return error.message;
  console.error(error);
  return `Something went wrong: ${String(error)}`;
}

function configOrDefaults(): Config {
  try {
    return configOf(new URL(location.href));
  } catch (error) {
    say(wordsOf(error));
    return DEFAULTS;
  }
}

try {
  begin(configOrDefaults());
} catch (error) {
  say(wordsOf(error));
}
